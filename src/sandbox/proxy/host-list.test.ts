/** The list of hosts: what an entry covers, what it does not, and which spellings are one host. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAuthority, parseHostList } from './host-list.ts';

const isListed = (patterns: readonly string[], text: string): boolean => {
  const target = parseAuthority(text, 443);
  return target !== null && parseHostList(patterns)(target);
};

describe('the list of hosts', () => {
  const table: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    [
      'api.example.com',
      ['api.example.com', 'API.Example.COM:443', 'api.example.com.:80', 'api.example.com:443'],
      ['example.com', 'x.api.example.com', 'api.example.com:8443', 'api.example.com:22'],
    ],
    [
      '*.example.com',
      ['a.example.com', 'a.b.example.com:80'],
      ['example.com', 'badexample.com', 'a.example.com.evil.org', 'a.example.com:8080'],
    ],
    ['a.test:8443', ['a.test:8443'], ['a.test', 'a.test:80', 'a.test:84430']],
    ['*.a.test:9000', ['b.a.test:9000'], ['b.a.test', 'a.test:9000']],
    ['93.184.216.34', ['93.184.216.34:443'], ['93.184.216.35', '1570395170']],
    ['[2606:4700::1]:8443', ['[2606:4700:0:0::1]:8443'], ['[2606:4700::1]', '[2606:4700::2]:8443']],
    ['münchen.example', ['xn--mnchen-3ya.example', 'MÜNCHEN.example'], ['munchen.example']],
  ];
  for (const [pattern, yes, no] of table) {
    it(`covers what ${pattern} says`, () => {
      for (const text of yes) assert.ok(isListed([pattern], text), text);
      for (const text of no) assert.ok(!isListed([pattern], text), text);
    });
  }

  it('is empty when nothing is listed', () => assert.ok(!isListed([], 'a.test')));

  it('takes no entry that would be too much, or none', () => {
    const bad = ['*', '*.com', '*.*.com', 'a*.com', '*.1.2.3.4', 'http://a.test', 'a.test/x', ''];
    for (const pattern of [
      ...bad,
      'a b',
      'a.test:0',
      'a.test:65536',
      'a.test:',
      '*.[::1]',
      '127.1',
    ]) {
      assert.throws(() => parseHostList([pattern]), { name: 'usage' }, pattern);
    }
  });
});

describe('a host and a port', () => {
  it('are nothing that a resolver or a server could read in another way', () => {
    const numbers = ['127.1', '2130706433', '0x7f000001', '0x7f.1', '1.2.3.4.5', '256.1.1.1', '0x'];
    const odd = ['a@b.test', 'a.test:1:2', '::1', '[::1', '[::1%lo]', 'a..b', '-a.test', 'a.test#'];
    const hidden = [
      'a.test\r\nX: y',
      'a.test\0',
      'a.test/',
      'a\\b',
      'a.test?',
      'a test',
      '%61.test',
    ];
    for (const text of [
      ...numbers,
      ...odd,
      ...hidden,
      `${'a.'.repeat(130)}test`,
      '[1.2.3.4]',
      '.',
    ]) {
      assert.equal(parseAuthority(text, 443), null, JSON.stringify(text));
    }
    assert.deepEqual(parseAuthority('[::FFFF:1.2.3.4]:1', 443), {
      host: '::ffff:102:304',
      port: 1,
    });
    assert.equal(parseAuthority('a.test', 0), null);
  });
});
