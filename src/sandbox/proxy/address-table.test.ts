/** Addresses by hand: one in and one beside every row, and what an operator may open. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { addressProblem } from './address-table.ts';

const GLOBAL = [
  '1.1.1.1',
  '93.184.216.34',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
];
const GLOBAL_MORE = [
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
];
const GLOBAL_LAST = [
  '192.167.255.255',
  '192.169.0.0',
  '198.17.0.1',
  '198.20.0.0',
  '223.255.255.255',
];
const GLOBAL_IPV6 = ['2606:4700::1111', '2001:4860:4860::8888', '2a00:1450::1', '2003::1'];

const PRIVATE = ['10.0.0.1', '10.255.255.255', '127.0.0.1', '127.255.255.254', '172.16.0.1'];
const PRIVATE_MORE = [
  '172.31.255.255',
  '192.168.0.1',
  '100.64.0.1',
  '100.127.255.255',
  '100.100.100.200',
];
const PRIVATE_IPV6 = ['::1', 'fc00::1', 'fdff::1'];

const NEVER = [
  '0.0.0.0',
  '0.1.2.3',
  '169.254.169.254',
  '169.254.0.1',
  '168.63.129.16',
  '192.0.0.8',
];
const NEVER_MORE = ['192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.255', '198.51.100.7'];
const NEVER_LAST = ['203.0.113.9', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255'];
const NEVER_IPV6 = ['::', '::ffff:127.0.0.1', '::ffff:1.1.1.1', '::127.0.0.1', '64:ff9b::7f00:1'];
const NEVER_IPV6_MORE = [
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
];
const NEVER_IPV6_LAST = ['fe80::1', 'fec0::1', 'ff02::1', 'fd00:ec2::254', '4000::1', '5f00::1'];
const NO_ADDRESS = [
  '',
  'localhost',
  '127.1',
  '0x7f.1',
  'fe80::1%lo',
  '2606:4700::1%1',
  '1.1.1.1/8',
];

describe('addresses', () => {
  it('that are global may be connected to', () => {
    for (const address of [GLOBAL, GLOBAL_MORE, GLOBAL_LAST, GLOBAL_IPV6].flat()) {
      assert.equal(addressProblem(address), null, address);
    }
  });

  it('of private networks only when an operator opens them', () => {
    for (const address of [PRIVATE, PRIVATE_MORE, PRIVATE_IPV6].flat()) {
      assert.match(addressProblem(address) ?? '', /RFC \d+/, address);
      assert.equal(addressProblem(address, true), null, address);
    }
  });

  it('of the other special rows never, however they are spelled', () => {
    const ipv4 = [NEVER, NEVER_MORE, NEVER_LAST, NO_ADDRESS].flat();
    for (const address of [ipv4, NEVER_IPV6, NEVER_IPV6_MORE, NEVER_IPV6_LAST].flat()) {
      assert.notEqual(addressProblem(address), null, address);
      assert.notEqual(addressProblem(address, true), null, address);
    }
  });

  it('of this machine are refused', () => {
    const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    for (const { address } of own) assert.notEqual(addressProblem(address), null, address);
    assert.ok(own.length > 0);
  });
});
