import type { components } from '../api/schema'
import { ChoiceIndex, type Choice } from './search'

export type Directory = components['schemas']['Directory']
export type Item = components['schemas']['DirectoryItem']

/** Items in three levels; branches carry the code's prefix, so that a code finds its place. */
export function itemChoices(d: Directory): Choice[] {
  const branches = new Map<string, Choice>()
  const leaves = d.items.map((item): Choice => {
    const parent = branchOf(branches, item)
    return { code: item.code, name: item.path[2] ?? item.code, path: item.path, keywords: item.keywords ?? [], parent, leaf: true }
  })
  return [...branches.values(), ...leaves]
}

/** Makes the two branches above an item; a path names a branch, whatever the codes say. */
function branchOf(branches: Map<string, Choice>, item: Item): string {
  const [l1 = '', l2 = ''] = item.path
  const top = `1:${l1}`
  const second = `2:${l1}/${l2}`
  if (!branches.has(top)) branches.set(top, { code: top, name: l1, path: [l1], keywords: [], parent: '', leaf: false })
  if (!branches.has(second)) branches.set(second, { code: second, name: l2, path: [l1, l2], keywords: [], parent: top, leaf: false })
  return second
}

/** Divisions as a tree; every level may be chosen, since a caller may not know more. */
export function divisionChoices(d: Directory): Choice[] {
  const byCode = new Map(d.divisions.map((x) => [x.code, x]))
  const pathOf = (code: string): string[] => {
    const names: string[] = []
    for (let at = byCode.get(code), depth = 0; at && depth < 8; at = byCode.get(at.parent ?? ''), depth++) names.unshift(at.name)
    return names
  }
  return d.divisions.map((x) => ({
    code: x.code, name: x.name, path: pathOf(x.code), keywords: [], parent: byCode.has(x.parent ?? '') ? (x.parent ?? '') : '', leaf: true,
  }))
}

/** Units by kind; `kindName` puts the kind's code in words. */
export function unitChoices(d: Directory, kindName: (kind: string) => string): Choice[] {
  const kinds = [...new Set(d.units.map((u) => u.kind))]
  const branches = kinds.map((k): Choice => ({ code: `kind:${k}`, name: kindName(k), path: [kindName(k)], keywords: [], parent: '', leaf: false }))
  const leaves = d.units.map((u): Choice => ({ code: u.code, name: u.name, path: [kindName(u.kind), u.name], keywords: [], parent: `kind:${u.kind}`, leaf: true }))
  return [...branches, ...leaves]
}

/** The directory ready for the pickers. */
export interface Indexes {
  items: ChoiceIndex
  divisions: ChoiceIndex
  units: ChoiceIndex
}

export function indexes(d: Directory, kindName: (kind: string) => string): Indexes {
  return {
    items: new ChoiceIndex(itemChoices(d)),
    divisions: new ChoiceIndex(divisionChoices(d)),
    units: new ChoiceIndex(unitChoices(d, kindName)),
  }
}
