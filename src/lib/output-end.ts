/** Cuts what a program printed to its end: whole lines, and a first line that says what is missing. */

/** The last `limitBytes` as text, whole lines; `total` is how many bytes there were in all. */
export function endOfOutput(bytes: Buffer, limitBytes: number, total: number): string {
  const all = Math.max(total, bytes.length);
  if (all <= limitBytes) return bytes.toString('utf8');
  const end = bytes.subarray(-limitBytes);
  const whole = end.subarray(firstWholeLine(end));
  return `[${all - whole.length} bytes before this are not kept]\n${whole.toString('utf8')}`;
}

/**
 * Where the first whole line begins: half a line may hold half a secret, which nobody would
 * recognise. Output without line ends begins at its first whole UTF-8 character.
 */
function firstWholeLine(bytes: Buffer): number {
  const newline = bytes.indexOf(0x0a);
  if (newline !== -1 && newline + 1 < bytes.length) return newline + 1;
  let start = 0;
  while (start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return start === 4 ? 0 : start;
}
