// Writes src/theme.css: Cloudscape's colours in our brand. It is done when building,
// not in the browser, because the CSP allows no style elements.
import { writeFileSync } from 'node:fs'
import { generateThemeStylesheet } from '@cloudscape-design/components/theming'

const brand = { light: '#0b6b5d', dark: '#5fd4bf' }
const strong = { light: '#084f45', dark: '#8be4d3' }
const soft = { light: '#e6f4f1', dark: '#12302b' }
const surface = { light: '#ffffff', dark: '#161f1c' }
const ink = { light: '#14211e', dark: '#e6efec' }
const font = 'var(--font)' // of app.css: it goes by the language

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
    colorBackgroundContainerContent: surface,
    colorBackgroundContainerHeader: surface,
    colorBackgroundLayoutMain: { light: '#f3f6f5', dark: '#0d1412' },
    colorBackgroundInputDefault: { light: '#ffffff', dark: '#101816' },
    colorBorderInputDefault: { light: '#7d8f89', dark: '#6b8078' },
    colorBackgroundDropdownItemDefault: { light: '#ffffff', dark: '#1b2622' },
    colorBackgroundDropdownItemHover: soft,
    colorBackgroundDropdownItemSelected: soft,
    colorBorderDropdownContainer: { light: '#b9c6c2', dark: '#43564f' },
    colorBorderDropdownItemHover: { light: '#b9c6c2', dark: '#43564f' },
    colorBorderDropdownItemFocused: brand,
    colorBorderItemSelected: brand,
    colorItemSelected: brand,
    colorBackgroundItemSelected: soft,
    colorBackgroundButtonNormalDefault: { light: '#ffffff', dark: '#161f1c' },
    colorBackgroundButtonNormalDisabled: { light: '#ffffff', dark: '#161f1c' },
    colorBackgroundButtonPrimaryDisabled: { light: '#e6ebe9', dark: '#26332e' },
    colorTextButtonPrimaryDisabled: { light: '#7d8f89', dark: '#7d918a' },
    colorBackgroundSegmentDefault: surface,
    colorBackgroundSegmentWrapper: surface,
    colorBorderDividerDefault: { light: '#dbe3e0', dark: '#2b3a35' },
    colorTextBodyDefault: ink,
    colorTextHeadingDefault: ink,
    colorTextFormDefault: ink,
    borderRadiusButton: '8px',
    borderRadiusContainer: '12px',
    borderRadiusInput: '8px',
  },
}
writeFileSync('src/theme.css', '/* Made by scripts/theme.mjs; do not edit. */\n' + generateThemeStylesheet({ theme }))
