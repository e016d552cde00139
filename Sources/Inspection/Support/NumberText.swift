import Basics
import GridFiles

#if canImport(Glibc)
  import Glibc
#endif

/// A number for people: seven significant digits, no trailing zeros.
func short(_ value: Double) -> String {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value < 0 ? "-infinity" : "infinity" }
  if value == 0 { return "0" }
  if let whole = Int64(exactly: value), whole.magnitude < 1_000_000_000 { return "\(whole)" }
  let magnitude = abs(value)
  let exponent = Int(log10(magnitude).rounded(.down))
  if exponent < -5 || exponent > 9 {
    let scale = pow(10, Double(exponent))
    let mantissa = ((value / scale) * 1e6).rounded() / 1e6
    return "\(trimmed(mantissa))e\(exponent)"
  }
  let scale = pow(10, Double(6 - exponent))
  return trimmed((value * scale).rounded() / scale)
}

private func trimmed(_ value: Double) -> String {
  let text = "\(value)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// `1.8 MB`: decimal, as disks are sold.
func bytesText(_ count: Int64) -> String {
  if count < 1000 { return "\(count) bytes" }
  var value = Double(count)
  for unit in ["kB", "MB", "GB", "TB"] {
    value /= 1000
    if value < 999.95 || unit == "TB" {
      let rounded = (value * 10).rounded() / 10
      return "\(trimmed(rounded)) \(unit)"
    }
  }
  return "\(count) bytes"
}

extension ElementType {
  /// The type with what is in it: `compound {int id, float x}`.
  var shown: String {
    guard case .compound(let name, _, let fields) = self else { return printable(self.name) }
    let inside = fields.prefix(12).map { "\($0.type.shown) \(printable($0.name))" }.joined(separator: ", ")
    return "compound \(printable(name))".trimmingBlanks + " {" + inside + (fields.count > 12 ? ", ..." : "")
      + "}"
  }
}

extension String {
  fileprivate var trimmingBlanks: String { hasSuffix(" ") ? String(dropLast()) : self }
}

/// `12.3 %`.
func percent(_ part: Int, of whole: Int) -> String {
  if part == 0 { return "none" }
  if part == whole { return "all" }
  let share = Double(part) / Double(whole) * 100
  if share < 0.01 { return "\(part) of \(whole)" }
  return "\(trimmed((share * 100).rounded() / 100)) %"
}
