import { createConfigForNuxt } from '@nuxt/eslint-config'

export default createConfigForNuxt({ features: { stylistic: { braceStyle: '1tbs' } }, dirs: { src: ['app', 'layers/softphone/app'] } })
  .append({ ignores: ['.nuxt', '.output', '.tools', 'dist', '**/*.gen.ts'] })
  .append({
    rules: {
      // Short templates and guards read better on one line.
      '@stylistic/max-statements-per-line': 'off',
      '@stylistic/arrow-parens': 'off',
      '@stylistic/operator-linebreak': 'off',
      'import/newline-after-import': 'off',
      'nuxt/nuxt-config-keys-order': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/require-default-prop': 'off',
    },
  })
