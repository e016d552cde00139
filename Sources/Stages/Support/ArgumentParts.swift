import Grids

extension Arguments {
  /// The keys of a mapping as arguments of their own; none when it is absent.
  func part(_ key: String) -> Arguments {
    guard let value = value(key), case .mapping(let entries) = value.content else {
      return Arguments(stage: stage, mark: mark, values: [:], folder: folder)
    }
    return Arguments(
      stage: stage, mark: value.mark,
      values: Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }),
      folder: folder)
  }
}
