import Grids

extension Arguments {
  /// The keys of a mapping as arguments of their own; none when it is absent.
  func part(_ key: String) -> Arguments { part(of: value(key)) }

  /// The same for a mapping inside another.
  func part(of value: ConfigValue?) -> Arguments {
    guard let value, case .mapping(let entries) = value.content else {
      return Arguments(stage: stage, mark: value?.mark ?? mark, values: [:], folder: folder)
    }
    return Arguments(
      stage: stage, mark: value.mark,
      values: Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }),
      folder: folder)
  }
}
