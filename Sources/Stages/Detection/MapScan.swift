import Grids

/// A detector that looks at whole maps, one time by itself, and paints what it has found.
protocol MapScan: Listing {
  /// What it reads; each is given to `scan` as a map.
  var fields: [DetectionField] { get }
  var cells: SphereCells { get }
  /// - Parameter maps: one for each field, in the units of the field; NaN is missing.
  /// - Returns: what was found, numbered from 1, and a map for each variable of the output; NaN is missing.
  func scan(_ maps: [[Float]], time: Int) throws(StageError) -> (objects: [FoundObject], painted: [[Float]])
}

extension MapScan {
  var isKept: Bool { true }

  func steps(for region: Region) -> [[Need]] {
    region.times.map { time in
      fields.map { field in
        let whole = Region(
          variables: 0..<1, times: time..<time + 1, layers: 0..<1, rows: 0..<output.grid.ny,
          columns: 0..<output.grid.nx)
        return Need(
          field.input, field.alignment.region(whole, variables: field.variable..<field.variable + 1))
      }
    }
  }

  func scratchBytes(for region: Region) -> Int {
    output.grid.count * 4 * (fields.count + output.variables.count + 4)
  }

  func operations(for region: Region) -> Double {
    Double(region.times.count * output.grid.count) * Double(20 * fields.count)
  }

  func prepare(_ run: RunContext) { listing.found.removeAll() }

  func begin(_ region: Region) throws(StageError) -> any Work { MapScanWork(self, try Block.make(region)) }
}

private final class MapScanWork<Scan: MapScan>: Work {
  let scan: Scan
  let result: Block
  init(_ scan: Scan, _ result: Block) { (self.scan, self.result) = (scan, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard blocks.count == scan.fields.count else { throw StageError("the detector was not given its fields") }
    let region = result.region
    let cells = scan.cells
    var maps: [[Float]] = []
    for (field, block) in zip(scan.fields, blocks) {
      let (values, validity) = (block.values, block.validity)
      let (factor, offset) = (field.factor, field.offset)
      let isIdentity = factor == 1 && offset == 0
      maps.append(
        [Float](unsafeUninitializedCapacity: cells.count) { map, count in
          for i in 0..<cells.count {
            map[i] =
              validity[i] == 0 ? .nan : isIdentity ? values[i] : Float(Double(values[i]) * factor + offset)
          }
          count = cells.count
        })
    }
    let time = region.times.lowerBound + step
    let (objects, painted) = try scan.scan(maps, time: time)
    scan.listing.found.set(objects, at: time)
    for v in region.variables {
      let map = painted[v]
      let start = result.mapOffset(v - region.variables.lowerBound, step, 0)
      var target = start
      for row in region.rows {
        for column in region.columns {
          let value = map[row * cells.width + (column < cells.columns ? column : column - cells.columns)]
          result.values[target] = value
          result.validity[target] = value.isNaN ? 0 : 1
          target += 1
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
