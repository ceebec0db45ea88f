import vue from 'eslint-plugin-vue'
import ts from 'typescript-eslint'

const rawEnter = {
  selector: "BinaryExpression[operator=/^[!=]==?$/] > Literal[value='Enter']",
  message: "Use onEnter: a raw comparison sends half a word from an input method.",
}

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.d.ts', 'shots'] },
  ...ts.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    files: ['src/**/*.{ts,vue}'],
    rules: {
      'no-restricted-syntax': ['error', rawEnter],
      'no-console': 'error',
      'no-restricted-globals': ['error', { name: 'event', message: 'Take the event as a parameter.' }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true, IIFEs: false }],
      '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true, allowTypedFunctionExpressions: true }],
      // Layout of templates is a matter of taste; long lines hold one component each.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-self-closing': ['error', { html: { void: 'never' } }],
      'vue/multi-word-component-names': ['error', { ignores: ['App'] }],
      'vue/require-default-prop': 'off',
      'vue/no-v-html': 'error',
    },
  },
  {
    // The stores are one function each by their library's design; tests are lists.
    files: ['src/stores/*.ts', 'src/**/*.test.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/explicit-function-return-type': 'off' },
  },
  {
    files: ['src/**/*.vue'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['src/keyboard/onEnter.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['src/socket/**', 'src/phone/**'],
    rules: { 'no-restricted-imports': ['error', { paths: ['vue', 'pinia', 'vue-router', 'element-plus'] }] },
  },
)
