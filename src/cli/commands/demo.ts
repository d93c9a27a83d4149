/** skein demo: a real mission on a copy of the example repository, then its record, verified. */
import type { CliCommand } from '../command.ts';
import { connect } from '../connect.ts';
import { DEMO_GOAL, makeDemoRepository } from '../demo-repository.ts';
import { readShow, SHOW_OPTIONS } from '../mission-request.ts';
import { startMission } from '../start-mission.ts';
import { style } from '../terminal/style.ts';
import { command as diff } from './mission/diff.ts';
import { command as log } from './record/log.ts';
import { command as verify } from './record/verify.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'demo [--plain]',
  summary: 'rename a function in a small shop, for real, and look at the record',
  words: [0, 0],
  options: { plain: SHOW_OPTIONS.plain },
  run: async (typed) => {
    const { bold, dim } = style(process.stderr);
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const repository = makeDemoRepository();
    say(`${bold('A small shop, in git:')} ${repository}`);
    say(
      `${bold('The goal:')} ${DEMO_GOAL}  ${dim('(no model, no key; the plan is approved for you)')}\n`,
    );
    const client = await connect(typed);
    const request = {
      goal: DEMO_GOAL,
      repository,
      searchPath: process.env['PATH'] ?? '',
      options: { checks: [], merge: true, hooks: false, keepExports: false },
    };
    const follow = { ...readShow(typed), answer: { type: 'yes' }, detach: false } as const;
    const status = await startMission(client, request, follow);
    if (status !== 0 || typed.flag('json')) return status;
    const latest = { ...typed, words: [] };
    say(`\n${bold('What it changed')} ${dim('(skein diff)')}`);
    await diff.run(latest);
    say(`\n${bold('The record')} ${dim('(skein log)')}`);
    await log.run(latest);
    say(`\n${bold('Is it whole?')} ${dim('(skein verify)')}`);
    const verified = await verify.run(latest);
    say(`\nNow your own: ${bold('npx skein run "rename <symbol> to <name>" --repo <folder>')}`);
    return verified;
  },
};
