/**
 * Debug information of the C in `dwarf.test.ts`: gcc 12 -O2 -gdwarf-4 and -gdwarf-5, linked, other sections removed,
 * gzip, base64.
 */
import { gunzipSync } from 'node:zlib'

const unpacked = (lines: readonly string[]): Buffer => gunzipSync(Buffer.from(lines.join(''), 'base64'))

export const DWARF4: Buffer = unpacked([
  'H4sIAAAAAAACA+2bv2/bRhTH3/GHTJm2Q0cBHMEJSqA10gxiLbVJ1Lr55R+pVSSpYsBoM7QsLdEWAYlCKCq2pzRAAjRD5i4Z8idkS7cW8D/QsU',
  'vHomuXdox6R95ZJC3FDQpkKN4HEL937+7xfuh4Aqh3D9Zu3pAIAYEMV2CYA7jG9dcPk7YqaPQ6DVNRXQXG85uUVjBiYX5qIp/VU5DWpF/Unsnt',
  'GT0DaU365ein/kGcr19N6wtIq/CT3tBP46pk5qUqwWsRfvXfw+abjE+0cYf65eDfo8HbQeJzL+YfnhvwHc+zss2DovGHXDTG+bN6J9lKMdL9nu',
  'B2w0jPA3T7oRtAN2zRK4IgCIIgCIIgCHLIU+XB01VQDk6880jkD3BWEARBEARBEARBEOT/BZmXl9h/ydHf038OBlUqBtWbODUIgiAIgiAIgiAI',
  'Mpa/Xg26TL/l8d4qt//C8yJG+3uen+T5aa4619Nvqb8PiYid1qKw/ynPaoB1JAyfIX3N3hfMqk/YK4JM2DV5xqyyQ8tPsBTZVNpkWE0SCVnUL+',
  'TVfcJfO8QTo6ieH4LksVI9aiQb802e1UnciM4bmWCGYah+tpHpvEnLVYdeztH8AutwO+GhHPHQ4m6xtx+fx1VYfVkcIpAzcepkJq5/j6a7cV+Z',
  'kNxU1D/mm6fdzc1Fw5lsMCOpRFPF7OTTJ/FtZsnCTEGXtXltlpycMOboYCxytSjPfKIv6R/r54q1Aiu4dvqH5SIpUG8VZC0uqxUkulaUs6Rc2C',
  'A/Luus3lf6Xf1LupJUFcoFae7lMr1h7j3Q9Su0DYCJEZXZXTWLJFs0I2M+2RQdQ7YO7f5ntzfNlfIls1yxKtaiWeqEfd+9vOP6buA1aNYJGq3L',
  'e9WLpYsfmaWd5q4TbJdo6ouKWdqu11bo1ent+41W0PW7/V6p7+96frMUOlttt8cj+T3fZ1H9UWx/x2s22+4x6zo+c5A7PKchmBRPpZm2nwV2nk',
  'A5srDf5fbsWgR79e7t67dqK2DbdPz22rp9Y+P6rTV7fXWD9znuLVi9/Q4dC9UwiLUlUjt+32o5vRZYzX2fVos1DMAK3b0QLLdlbwdOx7VbzSAq',
  'czoefTqb7lZ/x/b87a5IO1tbgXtf5Ngd/ivz9PP3YNAVD6jYz4S+LzYFyMwLZ4HvZVJmvxO6DsMnjyT8xb5X4mVSZv8UOj3i+05yARJnThJ7ya',
  'iNLVksWILhGZUIM61nMvWzZ6BqvG2xsxyeG+LniF5AeufRMv3YGDGmiMVYHpPXj/+bMf6Py7H+dMz8tbltMWNfrcR6f4x/UkcdefqZ++8lfu/k',
  'Ed9/PjE3Sar8HNr5Y/o/O8bf4f67x/j/A+8SJ9gYNwAA',
])
export const DWARF5: Buffer = unpacked([
  'H4sIAAAAAAACA+2bz28bRRTH3+zazjqbuJsakVppyEZt+XHYJTa0GEL6K0mJpbaESAF6AHdjb+KV4jVarxuHSzmgwKX/AQf+hEoc4IgUcecf4I',
  'jgyAWOuDO7M/buEDdUSD2g95G833lv5s2Pl/Xk4JmH67dvKYSAQIWrMLIArnP9/Y2krwoafRZgOmqbgfH8oqQVjFhYXDZhy/oCpDUZF41ncr+k',
  '5yGtybgc/Wy+Htub19L6GNIq4pRnjNO4ZqS8VBV4KiJu89ew+SzrE2N8QONy8O/R4Pmg8NyL/MO3BnzBbVa3fVwyflNLxrh41u4se1OM9LwnuN',
  '8w0nmATi90A+iELfpEEARBEARBEARBhjzKPHy0BpnjMwtfCvsYs4IgCIIgCIIgCIIg/y/InLrMfkuOfp7+YzCoUjGo3sbUIAiCIAiCIAiCIMhY',
  '/vx70GF6n5/3znL/z9wWZ7S/5vYkt6e56lzPPaf5hoTNkWjDuc0PD6pLJ/EZaoM+Zo5YpXTumnzDvBknriXbyn0yaqSIgspbF0mbVhdoaSqyJz',
  'JZzw9B/Yxl4CgxuDbsfp1E3etx9xozR2f0pe7JdH6W1pMP6eNFvoRoQjCctRShRRN6CcTB+qi1Ku4OqNLx9ELU+mVauhjZeY+1yk1Fc2ORWQdy',
  's9E6Jj9hPlJhhkrd5N2juM8slIvK7Pc3Z+lg86Rc3CI/3NRnyNmJjxfJPf2jxTxtb5NrJbXwziJZ1t9ezL5SqhVZg+vnPi+RIl1EFlSNV56pFR',
  'X6ymRHLr1Gm+RmyKVCUVcX5hZYpEEHm7gIun5VV2lmtfS4Oh1WZx3nbUJH1VknbEwzck7KTrqI9+5um6vlt8xyxa7YS6bVDnu+u7Ln+m7gNajp',
  'BI3WSr96xbrypmntNQ+cYNe6bFrvV0xrd7O2Sp9O99BvtIKO3+l1rZ5/4PlNK3R29t0ueL4/PMjf9prNfZef7bfBsxunvdfxnYPc8J6GYFJ8K8',
  '20fx7YfYLMP97rC9wvv5BQX7t398ad2irU6zQN9fWN+q2tG3fW6xtrW3zS8WzB7h626ZKohkGsLVHa83t2y+m2wG4e+rRZrCFdYuj2Q7DdVn03',
  'cNpuvdUMojqn7TVowd3p7dU9f7cjys7OTuA+EFbUQ1zc93w3sv8rc/Tz12DQEbuD2N+EvgriuyjliXOJ722KtP8J3YDRF5Ik4sU+aPE6RdpPhU',
  '6f8PdPchkSd1ASG8xJu1yyWrAMozsrEWZaz0vt5TtRNT622HCG94j4vaLHIG1I0jy2TlhTxFIsffL09X86Jr5fjvWnU/K3z31Lkn+lEuuDMfFC',
  'D8bEf1dJ/18cF5/KfYIfeXyf21M8h/L7k0/kNkmV32t77ZT1z4yJd3j8V6fEPwFhz7JSaDcAAA==',
])
