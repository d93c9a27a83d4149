/** Tells what ran in the sandbox: what was started behind which walls, what it asked for, how it ended. */
import { count, firstLine, list, pathList, seconds, word } from '../wording.ts';
import { subjectName, type Data, type Told } from './teller.ts';

/** Events of programs that ran in the sandbox and belong to no effect of a mission. */
export const SANDBOX_TOLD: Told = {
  'sandbox.started': (data, _style, event) =>
    `run ${subjectName(event)} begins: ${word(data['kind'])} in ${tierText(data)}${networkText(data)}`,
  'sandbox.network-asked': (data, { green, yellow }) => {
    const verdict = word(data['verdict']);
    const paint = verdict === 'allowed' ? green : yellow;
    return `${word(data['method'])} ${word(data['host'])}:${word(data['port'])}${word(data['path'])} ${paint(verdict)}${reasonText(data)}`;
  },
  'sandbox.tool-called': (data, { yellow }) =>
    `tool ${word(data['tool'])} called${data['failed'] === true ? ` and ${yellow('failed')}${reasonText({ reason: data['error'] })}` : ''}`,
  'sandbox.finished': (data, { green, yellow }, event) => {
    const status = word(data['status']);
    const changed = list(data['changed']).map((file) => (file as Data | null)?.['path']);
    const files = changed.length === 0 ? '' : `, changed ${pathList(changed)}`;
    const refused = list(data['refused']).length;
    const left = refused === 0 ? '' : `, ${yellow(`${count(refused, 'file')} not taken`)}`;
    return `run ${subjectName(event)}: ${status === 'ok' ? green(status) : yellow(status)} in ${seconds(data['durationMs'])}${files}${left}${reasonText({ reason: data['error'] })}`;
  },
};

function tierText(data: Data): string {
  const { tier, mechanism } = (data['enclosure'] ?? {}) as { tier?: unknown; mechanism?: unknown };
  return `${word(tier)} (${word(mechanism)})`;
}

function networkText(data: Data): string {
  const hosts = list(data['network']);
  return hosts.length === 0 ? '' : `, may reach ${pathList(hosts)}`;
}

function reasonText(data: Data): string {
  const reason = firstLine(data['reason']);
  return reason === '' ? '' : `: ${reason}`;
}
