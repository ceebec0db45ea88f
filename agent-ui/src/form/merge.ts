import type { Form } from './form'

/** A field that both sides changed, differently. */
export interface Clash {
  path: string
  mine: unknown
  theirs: unknown
}

type Flat = Map<string, unknown>

/** The leaves of a form by path. */
export function flatten(value: object, prefix = ''): Flat {
  const out: Flat = new Map()
  for (const [key, v] of Object.entries(value)) {
    const path = prefix === '' ? key : `${prefix}.${key}`
    if (v !== null && typeof v === 'object') for (const [p, leaf] of flatten(v, path)) out.set(p, leaf)
    else out.set(path, v)
  }
  return out
}

/** A copy of a form with some leaves replaced. */
export function withLeaves(form: Form, leaves: Map<string, unknown>): Form {
  const copy = JSON.parse(JSON.stringify(form)) as Record<string, unknown>
  for (const [path, value] of leaves) {
    const keys = path.split('.')
    const last = keys.pop()!
    const parent = keys.reduce((o, k) => o[k] as Record<string, unknown>, copy)
    parent[last] = value
  }
  return copy as unknown as Form
}

/**
 * Three-way merge: what only one side changed is taken from that side; what
 * both changed alike stays; the rest is for a person. `merged` holds mine there.
 */
export function merge(base: Form, mine: Form, theirs: Form): { merged: Form; clashes: Clash[] } {
  const [b, m, th] = [flatten(base), flatten(mine), flatten(theirs)]
  const take: Flat = new Map()
  const clashes: Clash[] = []
  for (const [path, theirLeaf] of th) {
    const myLeaf = m.get(path)
    if (theirLeaf === myLeaf || theirLeaf === b.get(path)) continue
    if (myLeaf === b.get(path)) take.set(path, theirLeaf)
    else clashes.push({ path, mine: myLeaf, theirs: theirLeaf })
  }
  return { merged: withLeaves(mine, take), clashes }
}
