// The first load of the desk must stay small: everything that index.html asks for, gzipped.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const limitKiB = 320
const page = readFileSync('dist/index.html', 'utf8')
const inline = /<style|style="|<script(?![^>]*\bsrc=)/.exec(page)
if (inline) throw new Error(`dist/index.html has something inline, which the policy forbids: ${inline[0]}`)
const files = [...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((m) => m[1])
const sizes = ['index.html', ...files].map((f) => [f, gzipSync(readFileSync(`dist/${f}`), { level: 9 }).length / 1024])
for (const [f, kib] of sizes) console.log(`${kib.toFixed(1).padStart(8)} KiB  ${f}`)
const total = sizes.reduce((sum, [, kib]) => sum + kib, 0)
console.log(`${total.toFixed(1).padStart(8)} KiB  of ${limitKiB}`)
if (total > limitKiB) {
  console.error('the first load of the desk is over its budget')
  process.exit(1)
}
