import { SERVER_ABOUT, SERVER_NAMES } from '../servers/server-names.js'
import { crashTable, reconnectTable } from './crash-and-reconnect-tables.js'
import type { Run } from './run.js'
import { faultLines, scenarioTable } from './scenario-tables.js'
import { table } from './table.js'

/** The report of a run, for people; `rawFile` is where all its figures are. */
export function markdown(run: Run, rawFile: string): string {
  const { circumstances, placement } = run
  const where =
    placement.server === undefined
      ? 'Server and generator shared all processors.'
      : `The server was pinned to processor ${placement.server}, the generator to ${placement.load} (taskset).`
  const sections = run.compared.map(({ step, results }) => {
    const rounds = new Map(Object.entries(results))
    const faults = faultLines(rounds)
    return [
      `## ${step.title}`,
      '',
      `\`${step.command}\``,
      '',
      scenarioTable(step.settings.scenario, rounds),
      ...(faults.length > 0 ? ['', 'Faults:', ...faults.map((line) => `- ${line}`)] : []),
    ].join('\n')
  })
  if (run.reconnect !== undefined) {
    const { step, result } = run.reconnect
    sections.push(
      [
        `## ${step.settings.clients.toLocaleString('en-US')} clients reconnect at once`,
        '',
        `\`${step.command}\``,
        '',
        reconnectTable(result),
      ].join('\n'),
    )
  }
  if (run.crash !== undefined) {
    const { step, result } = run.crash
    sections.push(['## kill -9 under load', '', `\`${step.command}\``, '', crashTable(result)].join('\n'))
  }
  return `${[
    '# Benchmark report',
    `Commit ${circumstances.commit}${circumstances.modified ? ' with changes on top' : ''}, ${circumstances.date}; ` +
      `${circumstances.processor}, ${circumstances.cores} cores, ${circumstances.memoryGb} GB; Linux ` +
      `${circumstances.kernel}, Node ${circumstances.node}. ${where} All on one machine, over loopback. ` +
      `All of it: \`${run.command}\`; raw figures: \`${rawFile}\`.`,
    table(
      ['server', 'version', 'what it is'],
      SERVER_NAMES.map((name) => [name, circumstances.peers[name] ?? circumstances.commit, SERVER_ABOUT[name]]),
    ),
    'How to read it: figures are medians over rounds in which the servers take turns (smallest–largest in parentheses). ' +
      'CPU is user + system time of the whole server process by the kernel’s count, over the messages acknowledged ' +
      'in the same window. *Generator cores* near 1: the generator was the limit, not the server. *Other cores*: what ' +
      'else ran on the machine; much of it makes rates and latencies worse than they are, and CPU per message better, ' +
      'since a server that waits for its turn finds more to do at once. In a closed loop latency follows from the number ' +
      'in flight; the open loop is where latency means something: it counts from when a message was due.',
    ...sections,
  ].join('\n\n')}\n`
}
