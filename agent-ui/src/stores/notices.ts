import { defineStore } from 'pinia'
import { ref } from 'vue'

export type Tone = 'info' | 'good' | 'warn' | 'bad'

export interface Notice {
  id: number
  tone: Tone
  text: string
}

const lastsMs = 6000

/** Passing messages. What went wrong stays until it is closed. */
export const useNotices = defineStore('notices', () => {
  const list = ref<Notice[]>([])
  /** Said once to a screen reader, at once; calls only. */
  const alarm = ref('')
  let next = 1

  function say(tone: Tone, text: string): void {
    if (list.value.some((n) => n.text === text)) return
    const id = next++
    list.value = [...list.value.slice(-3), { id, tone, text }]
    if (tone !== 'bad') setTimeout(() => dismiss(id), lastsMs)
  }

  function dismiss(id: number): void {
    list.value = list.value.filter((n) => n.id !== id)
  }

  function dismissLast(): boolean {
    const last = list.value[list.value.length - 1]
    if (last) dismiss(last.id)
    return last !== undefined
  }

  return { list, alarm, say, dismiss, dismissLast }
})
