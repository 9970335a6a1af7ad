export default defineAppConfig({
  ui: { colors: { primary: 'teal', neutral: 'slate' },
    alert: { slots: { description: 'opacity-100' } }, // 90 % misses 4.5:1 on tint
  },
})
