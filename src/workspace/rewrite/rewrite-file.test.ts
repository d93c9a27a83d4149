/** One text rewritten: what is kept byte for byte, what is put in parentheses, what is left alone. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Language } from '#workspace/rewrite/syntax/load-parser.ts';
import { compilePattern } from '#workspace/rewrite/syntax/pattern.ts';
import { type RewrittenText, rewriteText } from './rewrite-file.ts';
import { compileTemplate } from '#workspace/rewrite/syntax/template.ts';

interface Trial {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly path?: string;
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  'a.ts': 'TypeScript',
  'a.tsx': 'Tsx',
  'a.js': 'JavaScript',
  'a.css': 'Css',
  'a.html': 'Html',
};

async function rewrite({ from, to, text, path = 'a.ts' }: Trial): Promise<RewrittenText> {
  const pattern = await compilePattern(LANGUAGES[path] ?? 'TypeScript', from);
  const template = await compileTemplate(pattern, to);
  assert.ok(template !== undefined && pattern.isUsable, `${from} to ${to} can be used`);
  return rewriteText({ pattern, template }, path, text);
}

/** The new text, when nothing was left. */
async function rewritten(trial: Trial): Promise<string> {
  const { text, left } = await rewrite(trial);
  assert.deepEqual(left, []);
  return text;
}

describe('what pattern and replacement share', () => {
  const cases: readonly (readonly [string, Trial, string])[] = [
    [
      'keeps line breaks, comments and trailing commas',
      {
        from: 'console.log($$$A)',
        to: 'logger.info($$$A)',
        text: 'console.log(\n  a, // first\n  b,\n);\nconsole.log()',
      },
      'logger.info(\n  a, // first\n  b,\n);\nlogger.info()',
    ],
    [
      'keeps the body of a block as it stands, CRLF and tabs included',
      {
        from: 'describe($A, () => { $$$B })',
        to: 'suite($A, () => { $$$B })',
        text: "describe('a', () => {\r\n\t// lead\r\n\tit('b');\r\n\r\n\tit('c');\r\n});\r\n",
      },
      "suite('a', () => {\r\n\t// lead\r\n\tit('b');\r\n\r\n\tit('c');\r\n});\r\n",
    ],
    [
      'keeps a word that the pattern does not name, where it stands between kept parts',
      {
        from: 'for (const $A of $B) { $$$C }',
        to: 'for (const $A of list($B)) { $$$C }',
        text: 'for await (const a of b) {\n  c(a);\n}',
      },
      'for await (const a of list(b)) {\n  c(a);\n}',
    ],
    [
      'keeps a semicolon, or none',
      { from: 'let $A = $B', to: 'const $A = $B', text: 'let a = 1;\nlet b = 2\n' },
      'const a = 1;\nconst b = 2\n',
    ],
    [
      'does not double a semicolon',
      { from: 'let $A = $B', to: 'const $A = $B;', text: 'let a = 1;\nlet b = 2\n' },
      'const a = 1;\nconst b = 2;\n',
    ],
  ];
  for (const [name, trial, expected] of cases) {
    it(name, async () => assert.equal(await rewritten(trial), expected));
  }
});

describe('a replacement of several lines', () => {
  const trial = {
    from: 'describe($A, () => { $$$B })',
    to: 'suite($A, () => {\n  setUp();\n  $$$B\n})',
    text: "  describe('a', () => {\n    it(`x\n    y`, () => {\n      b();\n    });\n  });\n",
  };

  it('is indented like the place it is put in, strings inside stay as they are', async () => {
    const expected =
      "  suite('a', () => {\n    setUp();\n    it(`x\n    y`, () => {\n      b();\n    });\n  });\n";
    assert.equal(await rewritten(trial), expected);
  });

  it('moves captured lines by as much as their line moves', async () => {
    const from = 'outer($A, () => { $$$B })';
    const text = 'outer(a, () => {\n      b(\n        1);\n      c(`\n      d`);\n});\n';
    const to = 'inner(() => {\n  $$$B\n})';
    const expected = 'inner(() => {\n  b(\n    1);\n  c(`\n      d`);\n});\n';
    assert.equal(await rewritten({ from, to, text }), expected);
  });

  it('has the line ends of the file', async () => {
    const text = trial.text.replaceAll('\n', '\r\n');
    assert.ok(!/[^\r]\n/u.test(await rewritten({ ...trial, text })));
  });
});

describe('a run of nothing', () => {
  it('takes the comma beside it along', async () => {
    const text = 'f(); f(a); f(a, b,); f(\n  a,\n);';
    assert.equal(
      await rewritten({ from: 'f($$$A)', to: 'g(x, $$$A)', text }),
      'g(x); g(x, a); g(x, a, b,); g(x, a,\n);',
    );
    assert.equal(
      await rewritten({ from: 'f($$$A)', to: 'g($$$A, x)', text }),
      'g(x); g(a, x); g(a, b, x); g(\n  a, x);',
    );
  });
});

describe('parentheses', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['add($A, $B)', '$A + $B', 'add(1, 2) * 3', '(1 + 2) * 3'],
    ['add($A, $B)', '$A + $B', 'a - add(1, 2)', 'a - (1 + 2)'],
    ['add($A, $B)', '$A + $B', 'add(1, 2) + 3', '1 + 2 + 3'],
    ['add($A, $B)', '$A + $B', 'f(add(a ? b : c, d = e))', 'f((a ? b : c) + (d = e))'],
    ['get($A)', '$A.value', 'x = get(a || b)', 'x = (a || b).value'],
    ['get($A)', '$A.value', 'get({ a: 1 })', '({ a: 1 }).value'],
    ['get($A)', '$A.value', 'get(1)', '(1).value'],
    ['get($A)', '$A.value', 'get(a.b(c))', 'a.b(c).value'],
    ['neg($A)', '-$A', 'neg(-x)', '-(-x)'],
    ['make($A)', 'new $A()', 'make(a())', 'new (a())()'],
    ['call($A)', '$A()', 'call(function () {})', '(function () {})()'],
    ['lazy($A)', '() => $A', 'lazy({ a: 1 })', '() => ({ a: 1 })'],
    ['lazy($A)', '() => $A', 'lazy({})', '() => ({})'],
    ['point($A)', '{ x: $A }', 'f(() => point(1))', 'f(() => ({ x: 1 }))'],
    ['point($A)', '{ x: $A }', 'f(() => { point(1); })', 'f(() => { { x: 1 }; })'],
    ['$A + $B', 'add($A, $B)', 'a + b + c * d + e', 'add(add(add(a, b), c * d), e)'],
    ['$A + $B', '$A * $B', '(a + b + c) ** 2', '(a * b * c) ** 2'],
    ['add($A, $B)', '$A + $B', 'add(add(a, b), add(c, d))', 'a + b + (c + d)'],
    ['div($A, $B)', '$A / $B', 'div(a, div(b, c))', 'a / (b / c)'],
    ['f($A)', 'await f($A)', 'async () => f(x).then(y)', 'async () => (await f(x)).then(y)'],
  ];
  for (const [from, to, text, expected] of cases) {
    it(`${text} becomes ${expected}`, async () => {
      assert.equal(await rewritten({ from, to, text }), expected);
    });
  }
});

describe('a place is left alone', () => {
  const cases: readonly (readonly [string, Trial, RegExp])[] = [
    [
      'that has a second declaration',
      { from: 'let $A = $B', to: 'const $A = $B', text: 'let a = 1, b = 2;' },
      /also has ", b = 2"/u,
    ],
    [
      'that has an else',
      { from: 'if ($A) { $$$B }', to: 'when($A, () => { $$$B })', text: 'if (a) { b() } else c()' },
      /also has "else c\(\)"/u,
    ],
    [
      'that is async',
      {
        from: 'function $F($$$A) { $$$B }',
        to: 'const $F = ($$$A) => { $$$B };',
        text: 'async function f() {}',
      },
      /also has "async"/u,
    ],
    [
      'that would lose a comment',
      { from: 'f($A, $B)', to: 'f($B)', text: 'f(/* why */ a, b)' },
      /comment/u,
    ],
    [
      'where the new code would mean something else',
      { from: 'f($A)', to: 'a(); b($A)', text: 'if (x) f(1);' },
      /read as part/u,
    ],
    [
      'where the file would no longer parse',
      { from: 'var $A = $B', to: 'let $A = $B', text: 'var a = 1; var a = 2;' },
      /already been declared/u,
    ],
    [
      'where a style sheet breaks',
      { from: '.a { $$$B }', to: '.a { $$$B', text: '.a { b: c }', path: 'a.css' },
      /not parse/u,
    ],
  ];
  for (const [name, trial, reason] of cases) {
    it(name, async () => {
      const { text, left, replaced } = await rewrite(trial);
      assert.equal(text, trial.text);
      assert.deepEqual(replaced, []);
      assert.ok(left.length > 0);
      for (const place of left) assert.match(place.reason, reason);
    });
  }

  it('in files where many do not fit', async () => {
    const text = 'if (x) f(1);\nf(2);\n'.repeat(20);
    const result = await rewrite({ from: 'f($A)', to: 'a(); b($A)', text });
    assert.equal(result.text, 'if (x) f(1);\na(); b(2);\n'.repeat(20));
    assert.equal(result.left.length, 20);
    const none = await rewrite({ from: 'f($A)', to: 'b($A', text: 'f(1);\n'.repeat(200) });
    assert.deepEqual([none.text, none.replaced], ['f(1);\n'.repeat(200), []]);
    assert.equal(none.left.length, 200);
  });

  it('and those beside it are rewritten', async () => {
    const text = 'if (x) f(1);\nf(2);\nlet y = f(3);\n';
    const result = await rewrite({ from: 'f($A)', to: 'a(); b($A)', text });
    assert.equal(result.text, 'if (x) f(1);\na(); b(2);\nlet y = f(3);\n');
    assert.deepEqual(
      result.left.map(({ offset }) => offset),
      [text.indexOf('f(1)'), text.indexOf('f(3)')],
    );
  });
});

describe('matches inside matches', () => {
  it('are rewritten too, each once', async () => {
    const text = 'f(f(1), f(f(2)));\na.b.f(c).f(d);';
    const inner = await rewrite({ from: 'f($$$A)', to: 'g($$$A)', text });
    assert.equal(inner.text, 'g(g(1), g(g(2)));\na.b.f(c).f(d);');
    assert.equal(inner.replaced.length, 4);
    assert.equal(inner.again, 0);
    const chain = await rewrite({ from: '$A.f($B)', to: 'f($A, $B)', text });
    assert.equal(chain.text, 'f(f(1), f(f(2)));\nf(f(a.b, c), d);');
  });

  it('that the replacement brings are not rewritten again, but counted', async () => {
    const result = await rewrite({ from: 'f($A)', to: 'f(wrap($A))', text: 'f(1); f(2)' });
    assert.equal(result.text, 'f(wrap(1)); f(wrap(2))');
    assert.equal(result.again, 2);
  });

  it('are followed to a depth that is bounded', async () => {
    const text = `${'f('.repeat(400)}1${')'.repeat(400)}`;
    const result = await rewrite({ from: 'f($A)', to: 'g($A)', text });
    assert.ok(result.replaced.length >= 200);
    assert.equal(result.again, 400 - result.replaced.length);
  });
});

describe('variables', () => {
  it('of one name stand for the same code, whatever the blanks', async () => {
    const text = 'a == a; a == b; f( x ) == f(x);';
    const trial = { from: '$A == $A', to: 'true', text };
    assert.equal(await rewritten(trial), 'true; a == b; true;');
  });

  it('may complete a name or stand in a string', async () => {
    const trial = { from: 'use($A)', to: 'on$A("the $A")', text: 'use(click)' };
    assert.equal(await rewritten(trial), 'onclick("the click")');
  });

  it('without a name match anything, each for itself', async () => {
    const trial = { from: 'f($_, $_)', to: 'g()', text: 'f(1, 2); f(3)' };
    assert.equal(await rewritten(trial), 'g(); f(3)');
  });
});

describe('the languages', () => {
  const cases: readonly (readonly [string, Trial, string])[] = [
    [
      'a.tsx',
      {
        from: '<A b={$X} $$$R>$$$C</A>',
        to: '<B a={$X} $$$R>$$$C</B>',
        text: 'x = <A b={1} c d="e">\n  hi {y}\n  <A b={2}>t</A>\n</A>;',
      },
      'x = <B a={1} c d="e">\n  hi {y}\n  <B a={2}>t</B>\n</B>;',
    ],
    [
      'a.js',
      { from: 'require($A)', to: 'load($A)', text: 'x = <A b={require("y")} />' },
      'x = <A b={load("y")} />',
    ],
    [
      'a.css',
      { from: '.a { color: $B }', to: '.a { background: $B }', text: '.a { color: red; }\n' },
      '.a { background: red; }\n',
    ],
    [
      'a.html',
      { from: '<b>$$$A</b>', to: '<strong>$$$A</strong>', text: '<p><b>x <i>y</i>\n z</b></p>\n' },
      '<p><strong>x <i>y</i>\n z</strong></p>\n',
    ],
  ];
  for (const [path, trial, expected] of cases) {
    it(path, async () => assert.equal(await rewritten({ ...trial, path }), expected));
  }
});
