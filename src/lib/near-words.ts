/** Words that were probably meant by one that is not there. */

/** The words that are at most two slips away from `word`, or begin with it; the nearest first. */
export function nearWords(word: string, words: readonly string[], most = 3): readonly string[] {
  return words
    .map((each) => ({ each, slips: each.startsWith(word) ? 1 : slipsBetween(word, each) }))
    .filter(({ each, slips }) => slips <= Math.min(2, each.length - 1))
    .toSorted((a, b) => a.slips - b.slips || (a.each < b.each ? -1 : 1))
    .slice(0, most)
    .map(({ each }) => each);
}

/** Letters to be put in, left out or changed; above 2 it is not counted. */
function slipsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = (row[column - 1] as number) + (a[line - 1] === b[column - 1] ? 0 : 1);
      const put = Math.min(row[column] as number, next[column - 1] as number) + 1;
      next.push(Math.min(changed, put));
    }
    row = next;
  }
  return row[b.length] as number;
}
