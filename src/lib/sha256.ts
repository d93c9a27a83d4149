/** SHA-256 in one shot, the only hash on the record. */
import { hash } from 'node:crypto';

/** SHA-256 of `data` as 64 lower-case hexadecimal digits; a string is hashed as UTF-8. */
export const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'hex');
