import { alertChecks } from './alert-checks.ts';
import type { Check, DoctorFacts } from './check.ts';
import { backlogCheck, deskCheck, diskCheck } from './desk-checks.ts';
import {
  arrivalCheck,
  clockCheck,
  objectsCheck,
  quarantineCheck,
  strategiesCheck,
  streamsCheck,
} from './lake-checks.ts';

/** All checks, in the order a person would ask. Pure: the same facts give the same verdicts. */
export const checksOf = (facts: DoctorFacts): readonly Check[] => [
  deskCheck(facts),
  diskCheck(facts),
  backlogCheck(facts),
  arrivalCheck(facts),
  streamsCheck(facts),
  strategiesCheck(facts),
  quarantineCheck(facts),
  objectsCheck(facts),
  clockCheck(facts),
  ...(facts.alerts === undefined ? [] : alertChecks(facts.alerts)),
];
