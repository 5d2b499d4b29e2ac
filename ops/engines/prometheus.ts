import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answers } from './answers.js'
import { debianPrograms, unpacked } from './debian-programs.js'
import type { Engine } from './engine.js'
import { programOrApt } from './needs.js'
import { installFolder } from './paths.js'
import { port } from './ports.js'
import { hasProgram } from './run-command.js'

const VERSION = '2.42'
const folder = () => installFolder('prometheus', VERSION)
const isOnMachine = () => hasProgram('prometheus') && hasProgram('promtool')
const url = () => `http://127.0.0.1:${port('prometheus')}`

/**
 * One Prometheus, which scrapes itself and sends alerts to the Alertmanager here. Whatever is in the folder
 * `scrape/` and `rules/` beside its configuration is read as it comes.
 */
export const prometheus: Engine = {
  name: 'prometheus',
  version: VERSION,
  needs: ['prometheus', 'promtool'].map((program) => programOrApt(program, 'Prometheus 2 (with promtool)')),
  isInstalled: () => isOnMachine() || existsSync(folder()),
  install: () => debianPrograms(folder(), ['prometheus']),
  instances: () => [
    {
      name: 'prometheus',
      endpoint: url(),
      listens: [`127.0.0.1:${port('prometheus')}`],
      readyMsMax: 60_000,
      async prepare(at) {
        for (const name of ['data', 'scrape', 'rules']) mkdirSync(join(at, name), { recursive: true })
        writeFileSync(
          join(at, 'prometheus.yml'),
          `
global:
  scrape_interval: 5s
  evaluation_interval: 5s
rule_files: ['rules/*.yml']
alerting:
  alertmanagers:
    - static_configs:
        - targets: ['127.0.0.1:${port('alertmanager')}']
scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: ['127.0.0.1:${port('prometheus')}']
  - job_name: chat4all
    file_sd_configs:
      - files: ['scrape/*.json']
        refresh_interval: 5s
`,
        )
      },
      command: (at) => ({
        program: isOnMachine() ? 'prometheus' : unpacked(folder(), 'prometheus'),
        args: [
          `--config.file=${join(at, 'prometheus.yml')}`,
          `--storage.tsdb.path=${join(at, 'data')}`,
          `--web.listen-address=127.0.0.1:${port('prometheus')}`,
          '--web.enable-lifecycle',
          '--log.level=warn',
          ...(isOnMachine() ? [] : [`--web.local-assets=${join(folder(), 'root/usr/share/prometheus/web')}`]),
        ],
      }),
      ready: () => answers(`${url()}/-/ready`, 200),
    },
  ],
}
