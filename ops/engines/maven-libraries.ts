import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run-command.js'

/** Copies artifacts and all that they need at run time into `folder`/libs. */
export async function mavenLibraries(
  folder: string,
  artifacts: readonly { group: string; artifact: string; version: string }[],
): Promise<void> {
  const making = `${folder}.part`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true })
  const dependencies = artifacts
    .map(
      ({ group, artifact, version }) =>
        `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
    )
    .join('')
  writeFileSync(
    join(making, 'pom.xml'),
    `<project><modelVersion>4.0.0</modelVersion><groupId>chat4all</groupId><artifactId>engine</artifactId><version>1</version><dependencies>${dependencies}</dependencies></project>`,
  )
  await run(
    'mvn',
    ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(making, 'libs')}`],
    { folder: making },
  )
  renameSync(making, folder)
}
