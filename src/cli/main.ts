/** The command line: finds the command, runs it, and turns what it throws into an exit status. */
import type { CliCommand } from './command.ts';

type Load = () => Promise<{ readonly command: CliCommand }>;

/** Every command; its module is only loaded when it is called. */
const COMMANDS: Readonly<Record<string, Load>> = {
  agents: () => import('./commands/swarm/agents.ts'),
  approve: () => import('./commands/mission/approve.ts'),
  backup: () => import('./commands/record/backup.ts'),
  bridge: () => import('./commands/bus/bridge.ts'),
  cancel: () => import('./commands/mission/cancel.ts'),
  clean: () => import('./commands/node/clean.ts'),
  compare: () => import('./commands/history/compare.ts'),
  demo: () => import('./commands/demo.ts'),
  diff: () => import('./commands/mission/diff.ts'),
  doctor: () => import('./commands/node/doctor.ts'),
  down: () => import('./commands/node/down.ts'),
  efficiency: () => import('./commands/bus/efficiency.ts'),
  fork: () => import('./commands/history/fork.ts'),
  import: () => import('./commands/bus/import.ts'),
  invite: () => import('./commands/node/invite.ts'),
  join: () => import('./commands/node/join.ts'),
  inbox: () => import('./commands/bus/inbox.ts'),
  leases: () => import('./commands/swarm/leases.ts'),
  log: () => import('./commands/record/log.ts'),
  mcp: () => import('./commands/mcp/mcp.ts'),
  members: () => import('./commands/node/members.ts'),
  missions: () => import('./commands/mission/missions.ts'),
  plan: () => import('./commands/mission/plan.ts'),
  prune: () => import('./commands/record/prune.ts'),
  reject: () => import('./commands/mission/reject.ts'),
  repair: () => import('./commands/record/repair.ts'),
  reply: () => import('./commands/bus/reply.ts'),
  restore: () => import('./commands/record/restore.ts'),
  replay: () => import('./commands/history/replay.ts'),
  request: () => import('./commands/bus/request.ts'),
  resume: () => import('./commands/mission/resume.ts'),
  rewind: () => import('./commands/history/rewind.ts'),
  run: () => import('./commands/mission/run.ts'),
  sandbox: () => import('./commands/sandbox/sandbox.ts'),
  send: () => import('./commands/bus/send.ts'),
  show: () => import('./commands/mission/show.ts'),
  status: () => import('./commands/node/status.ts'),
  tasks: () => import('./commands/swarm/tasks.ts'),
  up: () => import('./commands/node/up.ts'),
  verify: () => import('./commands/record/verify.ts'),
  watch: () => import('./commands/bus/watch.ts'),
  why: () => import('./commands/history/why.ts'),
  'why-waiting': () => import('./commands/swarm/why-waiting.ts'),
};

const HELP_WORDS = new Set(['-h', '--help', 'help']);
const VERSION_WORDS = new Set(['-V', '--version', 'version']);

/** Runs `skein <argv>`; answers the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  // Somebody reads only the first lines (head, less): that is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  try {
    return await dispatch(argv);
  } catch (thrown) {
    const { reportError } = await import('./terminal/report-error.ts');
    return reportError(thrown, argv.includes('--json'));
  }
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const [verb = 'help', ...rest] = argv;
  if (VERSION_WORDS.has(verb)) return (await import('./commands/help.ts')).printVersion();
  if (HELP_WORDS.has(verb)) return explain(rest[0]);
  if (rest.some((word) => word === '-h' || word === '--help')) return explain(verb);
  const { command } = await (await findCommand(verb))();
  const { parseWords } = await import('./parse-words.ts');
  return command.run(parseWords(verb, command, rest));
}

/** The overview, or one command with its options. */
async function explain(verb: string | undefined): Promise<number> {
  if (verb === undefined) {
    process.stdout.write((await import('./terminal/overview.ts')).OVERVIEW);
    return 0;
  }
  const { printCommand } = await import('./commands/help.ts');
  return printCommand((await (await findCommand(verb))()).command);
}

async function findCommand(verb: string): Promise<Load> {
  const load = Object.hasOwn(COMMANDS, verb) ? COMMANDS[verb] : undefined;
  if (load !== undefined) return load;
  const { SkeinError } = await import('#protocol/errors.ts');
  throw new SkeinError('usage', `Cannot run "${verb}": there is no such command`, {
    fix: 'See: skein help',
  });
}
