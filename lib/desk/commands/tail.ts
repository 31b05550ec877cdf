import type { Command } from 'commander';

// placeholder until its owner writes it
export function configure(_command: Command): void {}
