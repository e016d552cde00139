/// The values that the YAML gives to the keys of a stage. They fit the stage's declaration: unknown keys,
/// missing keys and wrong kinds have been reported before.
public struct Arguments: Sendable {
  public let stage: String
  public let mark: Mark
  /// The folder of the pipeline: relative paths start from it.
  public let folder: String
  private let values: [String: ConfigValue]

  public init(stage: String, mark: Mark, values: [String: ConfigValue], folder: String = ".") {
    (self.stage, self.mark, self.values, self.folder) = (stage, mark, values, folder)
  }

  public func value(_ key: String) -> ConfigValue? { values[key] }
  public func mark(_ key: String) -> Mark { values[key]?.mark ?? mark }

  public func text(_ key: String) -> String? {
    if case .scalar(let text, _)? = values[key]?.content { text } else { nil }
  }
  /// A path: absolute, or from the pipeline's folder.
  public func path(_ key: String) -> String? {
    text(key).map { $0.hasPrefix("/") || folder == "." ? $0 : folder + "/" + $0 }
  }
  public func number(_ key: String) -> Double? { values[key]?.number }
  public func integer(_ key: String) -> Int? { values[key]?.integer }
  public func boolean(_ key: String) -> Bool? { values[key]?.boolean }
  /// The elements of a list; one value alone counts as a list of one.
  public func list(_ key: String) -> [ConfigValue]? { values[key]?.list }
}

extension ConfigValue {
  public var text: String? { if case .scalar(let text, _) = content { text } else { nil } }

  /// A finite number (YAML 1.2 core: decimal, `1e3`).
  public var number: Double? {
    guard case .scalar(let text, isQuoted: false) = content, let number = Double(text), number.isFinite else {
      return nil
    }
    return number
  }

  public var integer: Int? {
    guard case .scalar(let text, isQuoted: false) = content else { return nil }
    return Int(text)
  }

  public var boolean: Bool? {
    guard case .scalar(let text, isQuoted: false) = content else { return nil }
    switch text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: return nil
    }
  }

  public var list: [ConfigValue]? {
    switch content {
    case .sequence(let elements): elements
    case .scalar: [self]
    case .null, .mapping: nil
    }
  }

  public subscript(_ key: String) -> ConfigValue? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }
}
