import type { Repository, Rule, Violation } from '../repository.js'

/** The pages of docs/decisions/, and the index that is made from them. */

const FOLDER = 'docs/decisions'
export const INDEX = `${FOLDER}/README.md`
const BEGIN = '<!-- index: written by `npm run docs`, not by hand -->'
const END = '<!-- end of index -->'

interface Decision {
  readonly file: string
  readonly number: string
  readonly title: string
  readonly status: string | undefined
  readonly date: string | undefined
}

/** Every decision has a number of its own, a status and a date, and the index is current. */
export const decisionPages: Rule = (repository) => {
  const decisions = decisionsOf(repository)
  const violations: Violation[] = decisions.flatMap((decision) => decisionFaults(decisions, decision))
  const index = repository.files.get(INDEX)
  if (index === undefined) return [...violations, { file: INDEX, says: 'is missing' }]
  if (index !== withIndex(repository, index)) violations.push({ file: INDEX, says: 'is not current: `npm run docs`' })
  return violations
}

function decisionFaults(decisions: readonly Decision[], { file, number, status, date, title }: Decision): Violation[] {
  const faults: string[] = []
  if (!/^\d{4}$/.test(number)) faults.push('is not named NNNN-what-was-decided.md')
  if (decisions.some((other) => other.file !== file && other.number === number)) faults.push(`shares number ${number}`)
  if (title === '') faults.push('has no title (`# …`)')
  const successor = /^superseded by (\d{4})$/.exec(status ?? '')?.[1]
  if (status !== 'accepted' && status !== 'proposed' && status !== 'rejected' && successor === undefined) {
    faults.push('has no `status:` accepted, proposed, rejected or superseded by NNNN between --- lines at its top')
  }
  if (successor !== undefined && !decisions.some((other) => other.number === successor)) {
    faults.push(`is superseded by ${successor}, which does not exist`)
  }
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date ?? '')) faults.push('has no `date:` YYYY-MM-DD between --- lines at its top')
  return faults.map((says) => ({ file, says }))
}

function decisionsOf(repository: Repository): Decision[] {
  return [...repository.files]
    .filter(([file]) => file.startsWith(`${FOLDER}/`) && file.endsWith('.md') && file !== INDEX)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, text]) => {
      const head = /^---\n([\s\S]*?)\n---\n/.exec(text)?.[1] ?? ''
      return {
        file,
        number: file.slice(FOLDER.length + 1).split('-')[0]!,
        title: /^# (?:\d{4} — )?(.+)$/m.exec(text)?.[1] ?? '',
        status: /^status: (.+)$/m.exec(head)?.[1],
        date: /^date: (.+)$/m.exec(head)?.[1],
      }
    })
}

/** The text of the index page with its table made anew. */
export function withIndex(repository: Repository, page: string): string {
  const rows = decisionsOf(repository).map(
    ({ file, number, title, status, date }) =>
      `| [${number}](${file.slice(FOLDER.length + 1)}) | ${title} | ${status} | ${date} |`,
  )
  const table = ['| | Decision | Status | Date |', '|---|---|---|---|', ...rows].join('\n')
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin === -1 || end === -1) return `${page.trimEnd()}\n\n${BEGIN}\n\n${table}\n\n${END}\n`
  return `${page.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${page.slice(end)}`
}
