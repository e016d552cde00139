import GridFiles

extension Grid {
  /// True when both grids lie on axes of the same rotated pole or map projection: a place has the same
  /// coordinates on both, and what is interpolated between them is interpolated along the axes.
  public func sharesAxes(with other: Grid) -> Bool {
    guard kind == other.kind, kind == .rotatedPole || kind == .projected, let mapping,
      let otherMapping = other.mapping, mapping.parameters == otherMapping.parameters
    else { return false }
    return x.kind == other.x.kind && y.kind == other.y.kind && x.units == other.x.units
      && y.units == other.y.units
  }
}

extension GridMapping {
  /// What decides where a cell lies: its numbers and its name.
  fileprivate var parameters: [String: [Double]] {
    var result: [String: [Double]] = ["\(name ?? "")": []]
    for attribute in attributes where !attribute.numbers.isEmpty {
      result[attribute.name] = attribute.numbers
    }
    return result
  }
}
