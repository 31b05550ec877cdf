#!/usr/bin/env node
import { launch } from './launch.js';

const { main } = await launch('nightdesk');
process.exitCode = await main(process.argv);
