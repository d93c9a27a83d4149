/** Sets of nodes that are one symbol, merged as links are found. */

/** Disjoint sets over the numbers 0 to `size - 1`. */
export interface UnionFind {
  find(node: number): number;
  union(first: number, second: number): void;
}

/** All nodes alone. */
export function createUnionFind(size: number): UnionFind {
  const parents = new Int32Array(size);
  for (let node = 0; node < size; node += 1) parents[node] = node;
  const find = (node: number): number => {
    let root = node;
    while (parents[root] !== root) root = parents[root] as number;
    for (let at = node; at !== root;) {
      const next = parents[at] as number;
      parents[at] = root;
      at = next;
    }
    return root;
  };
  return {
    find,
    union: (first, second) => {
      parents[find(first)] = find(second);
    },
  };
}
