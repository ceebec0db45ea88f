import { computed, ref } from 'vue'
import { en } from './en'
import { zh, type Key } from './zh'

export type Language = 'zh-CN' | 'en'
export type { Key }

const books: Record<Language, Record<Key, string>> = { 'zh-CN': zh, en }

/** The language shown; Chinese is the source, English is complete by type. */
export const language = ref<Language>('zh-CN')

/** Sets the language of the page, also for assistive technology. */
export function setLanguage(next: Language): void {
  language.value = next
  document.documentElement.lang = next
}

/** Fills `{name}` in a text. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** The text of a key in the language shown; reactive. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return fill(books[language.value][key], values)
}

/** Tells whether a word from the server has a translation under a prefix. */
export function tWord(prefix: string, word: string): string {
  const key = `${prefix}.${word}`
  return key in zh ? t(key as Key) : word
}

/** The server writes `中文 / English`; the half for the reader. */
export function half(message: string): string {
  const [first, second] = message.split(' / ')
  return (language.value === 'en' ? second : first) ?? message
}

const zone = 'Asia/Shanghai'
const formats = computed(() => ({
  time: new Intl.DateTimeFormat(language.value, { timeZone: zone, hour: '2-digit', minute: '2-digit', hour12: false }),
  date: new Intl.DateTimeFormat(language.value, { timeZone: zone, month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hour12: false }),
}))

/** `16:42` in the city's time, whatever the PC believes. */
export function clockTime(at: string | number): string {
  return formats.value.time.format(new Date(at))
}

/** `11/24 16:42` in the city's time. */
export function dayTime(at: string | number): string {
  return formats.value.date.format(new Date(at))
}

/** `02:13`, or `1:02:13` from an hour on; never negative. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.floor(s / 60) % 60
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(minutes)}:${two(s % 60)}` : `${two(minutes)}:${two(s % 60)}`
}

/** Who writes, masked as it came; of a visitor's long number the end is enough. */
export function citizenName(masked: string): string {
  if (masked === '') return t('chat.citizen')
  return masked.length > 16 && masked.includes('****') ? t('chat.citizenNo', { id: masked.slice(-4) }) : masked
}
