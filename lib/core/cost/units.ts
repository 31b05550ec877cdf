/** Hours of a month as AWS’s own pricing calculator counts them: a twelfth of a year of 365 days. */
export const HOURS_PER_MONTH = 730;
export const DAYS_PER_MONTH = HOURS_PER_MONTH / 24;
export const MINUTES_PER_MONTH = HOURS_PER_MONTH * 60;
export const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600;

/** AWS bills a "GB" as 2^30 bytes, a "MB" as 2^20 and a "KB" as 1,024; Firehose’s step of "5 KB" is 5,120 bytes. */
export const KB = 1024;
export const MB = 1024 ** 2;
export const GB = 1024 ** 3;
export const GB_PER_TB = 1024;
