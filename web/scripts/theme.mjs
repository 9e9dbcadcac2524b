// Writes src/theme.css: Cloudscape's colours in our brand. It is done when building,
// not in the browser, because the CSP allows no style elements.
import { writeFileSync } from 'node:fs'
import { generateThemeStylesheet } from '@cloudscape-design/components/theming'

const brand = { light: '#0b6b5d', dark: '#5fd4bf' }
const strong = { light: '#084f45', dark: '#8be4d3' }
const soft = { light: '#e6f4f1', dark: '#12302b' }
const font = "'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Hiragino Sans', 'Apple SD Gothic Neo', 'Malgun Gothic', system-ui, sans-serif"

const theme = {
  tokens: {
    fontFamilyBase: font,
    colorBackgroundButtonPrimaryDefault: brand,
    colorBackgroundButtonPrimaryHover: strong,
    colorBackgroundButtonPrimaryActive: strong,
    colorTextButtonPrimaryDefault: { light: '#ffffff', dark: '#06231e' },
    colorTextButtonPrimaryHover: { light: '#ffffff', dark: '#06231e' },
    colorTextButtonPrimaryActive: { light: '#ffffff', dark: '#06231e' },
    colorTextButtonNormalDefault: brand,
    colorTextButtonNormalHover: strong,
    colorTextButtonNormalActive: strong,
    colorBorderButtonNormalDefault: brand,
    colorBorderButtonNormalHover: strong,
    colorBorderButtonNormalActive: strong,
    colorBackgroundButtonNormalHover: soft,
    colorBackgroundButtonNormalActive: soft,
    colorTextAccent: brand,
    colorTextLinkDefault: brand,
    colorTextLinkHover: strong,
    colorBorderItemFocused: brand,
    colorBackgroundSegmentActive: brand,
    colorTextSegmentActive: { light: '#ffffff', dark: '#06231e' },
    colorTextSegmentHover: strong,
    colorBorderInputFocused: brand,
    colorBackgroundControlChecked: brand,
    borderRadiusButton: '8px',
    borderRadiusContainer: '12px',
    borderRadiusInput: '8px',
  },
}
writeFileSync('src/theme.css', '/* Made by scripts/theme.mjs; do not edit. */\n' + generateThemeStylesheet({ theme }))
