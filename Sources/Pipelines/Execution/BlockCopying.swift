import Grids

extension Block {
  /// Runs of elements that lie side by side both in a region and in a part of it: (start in the region, start
  /// in the part, length).
  static func forEachRun(
    of part: Region, in whole: Region, _ body: (Int, Int, Int) throws -> Void
  ) rethrows {
    let (rows, columns) = (whole.rows.count, whole.columns.count)
    let isFullWidth = part.columns == whole.columns
    let isFullTime = isFullWidth && part.rows == whole.rows && part.layers == whole.layers
    var inside = 0
    for variable in part.variables {
      let variableStart = (variable - whole.variables.lowerBound) * whole.times.count
      if isFullTime {
        let first = variableStart + part.times.lowerBound - whole.times.lowerBound
        let length = part.times.count * whole.layers.count * rows * columns
        try body(first * whole.layers.count * rows * columns, inside, length)
        inside += length
        continue
      }
      for time in part.times {
        for layer in part.layers {
          let map =
            ((variableStart + time - whole.times.lowerBound) * whole.layers.count + layer
              - whole.layers.lowerBound) * rows * columns
          if isFullWidth {
            let length = part.rows.count * columns
            try body(map + (part.rows.lowerBound - whole.rows.lowerBound) * columns, inside, length)
            inside += length
          } else {
            for row in part.rows {
              try body(
                map + (row - whole.rows.lowerBound) * columns + part.columns.lowerBound
                  - whole.columns.lowerBound, inside, part.columns.count)
              inside += part.columns.count
            }
          }
        }
      }
    }
  }

  /// A copy of a part of the block.
  func part(_ part: Region) throws -> Block {
    let result = try Block(uninitialized: part)
    guard let values = unsafe result.values.baseAddress, let validity = unsafe result.validity.baseAddress,
      let source = unsafe self.values.baseAddress, let mask = unsafe self.validity.baseAddress
    else { return result }
    Self.forEachRun(of: part, in: region) { outer, inner, count in
      unsafe (values + inner).update(from: source + outer, count: count)
      unsafe (validity + inner).update(from: mask + outer, count: count)
    }
    return result
  }
}
