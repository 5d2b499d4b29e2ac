import { packagesOf, type Rule } from '../repository.js'

/** What a package.json says can be imported or started is compiled from a source that is there. */
export const doorsExist: Rule = (repository) =>
  packagesOf(repository).flatMap(({ folder, manifest }) => {
    const compiled = JSON.stringify([manifest.exports, manifest.bin]).matchAll(/"\.\/dist\/([\w./-]+?)(\.d\.ts|\.js)"/g)
    return [...compiled]
      .filter(([, stem]) => !repository.files.has(`${folder}/${stem}.ts`))
      .map(([, stem, suffix]) => ({
        file: `${folder}/package.json`,
        says: `names dist/${stem}${suffix}, and there is no ${folder}/${stem}.ts: leave it out where nobody imports it`,
      }))
  })
