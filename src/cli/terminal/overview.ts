/** What `skein help` prints. Without imports: it is what most people run first, and it must be there at once. */

/** All commands on one screen. */
export const OVERVIEW = `Skein: supervisor, message bus and flight recorder for a fleet of software agents

  skein demo                       a real mission on an example repository, start to end
  skein run "<goal>" [--repo DIR]  state a goal; see the plan and its price; approve; follow
  skein plan "<goal>" [--dry-run]  only make the plan
  skein approve | reject [ID]      answer a plan that waits
  skein resume | cancel [ID]       continue after a crash or Ctrl-C; end it

  skein missions                   what was asked for, and what became of it
  skein show | diff [ID]           one mission: plan, checks, outcome; what it changes
  skein tasks [ID]                 its tasks: state, agent, what comes before
  skein agents | leases            who does what; who holds which path
  skein why-waiting [ID]           why something does not go on, and who could end that

  skein send <to> <text>           to an agent, to one of skill:<name>, to all of topic:<name>
  skein request | reply            ask and wait for the answer; answer
  skein inbox | watch [--as NAME]  what waits; take messages as they come, --exec a command
  skein agents add | remove NAME   who may send and be sent to
  skein efficiency                 where the time of messages went
  skein invite | join | members    let another node into a space; enter one; who is in it

  skein log [ID] [-f] [--json]     its events, as they happened and were signed
  skein rewind [ID] --at <moment>  a mission as it stood: a view, --diff, or its files --to DIR
  skein fork [ID] --at <moment>    go on from there in a new mission; the old one stays as it is
  skein replay [ID]                walk its record again: the same state, or what differs
  skein why <file>:<line>          why a line is as it is: edit, decision, proof, price
  skein compare <A> <B>            two missions side by side; a fork beside its original
  skein verify                     prove the record, or name what is damaged
  skein repair [--yes]             rebuild a damaged record from what can be proven
  skein backup | restore <folder>  copy the records; bring them back
  skein prune [--yes]              let go of the contents of old missions
  skein import | bridge            take over an old message bus; keep its peers reachable

  skein sandbox run <file | ->     run a program that nobody trusts; --command -- npm test
  skein sandbox show | probe       a run by its record; what holds on this machine
  skein sandbox attack             try to break out of it in many ways; takes minutes
  skein mcp                        run_python with Skein's tools, for agents that speak MCP

  skein status | up | down         the node of this home
  skein doctor | clean             versions, permissions, sizes; remove left-over worktrees
  skein help <command>             options of a command

Goals: rename <symbol> to <name> [at <path>:<line>]
       rewrite <pattern> to <pattern> [in <glob>]
       and those of the repository's own recipes, which its skein.yaml names
Ids may be shortened to any unique beginning; without one the latest
mission of the repository you are in is meant, else the latest of all.
Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 5 refused by a guardrail or check,
  7 conflict or stale, 8 waiting for approval, 75 try again, 130 interrupted;
  of sandbox run: the program's own, 124 met a limit, 137 killed
`;
