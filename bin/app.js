#!/usr/bin/env node
// What `cdk.json` starts.
import { launch } from './launch.js';

const { main } = await launch('app');
process.exitCode = await main();
