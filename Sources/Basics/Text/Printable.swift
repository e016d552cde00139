/// Text from a file made fit for a terminal or a log: control characters, line and paragraph separators,
/// and characters that change the direction of text or are invisible come as `\n`, `\t`, `\u{202E}`, ...;
/// a backslash is doubled only when something else had to be escaped, so that ordinary text stays as it is.
/// At most `limit` characters are shown, then `...`.
public func printable(_ text: some StringProtocol, limit: Int = .max) -> String {
  let needsEscape = text.unicodeScalars.contains(where: isUnprintable)
  var result = ""
  var count = 0
  for scalar in text.unicodeScalars {
    if count >= limit {
      result += "..."
      break
    }
    count += 1
    if isUnprintable(scalar) {
      switch scalar {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default: result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
      }
    } else if scalar == "\\", needsEscape {
      result += "\\\\"
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// False for the characters that `printable(_:)` escapes.
public func isPrintable(_ scalar: Unicode.Scalar) -> Bool { !isUnprintable(scalar) }

private func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x20...0x7E: return false
  case 0x00...0x1F, 0x7F...0x9F: return true
  // Soft hyphen, Arabic letter mark, Mongolian vowel separator, zero width, marks, embeddings, overrides,
  // isolates, separators, byte order mark, interlinear marks, tags.
  case 0xAD, 0x61C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
    0xE0000...0xE0FFF:
    return true
  default: return false
  }
}
