import Basics
import Compute
import Grids
import Networks
import Synchronization
import Tensors

/// A classifier of patches that has gone over a field.
struct Detected: Computation {
  let output: Description
  let engine: PredictionEngine
  let geometry: DetectGeometry
  let channels: ChannelMatch
  let stride: (rows: Int, columns: Int)
  let input: Description
  let isKept = true

  var label: String {
    "detect in \(geometry.rows.count) x \(geometry.columns.count) windows of \(geometry.patch[0]) x \(geometry.patch[1]), "
      + "\(geometry.shifts.rows.count * geometry.shifts.columns.count) applications"
  }

  func prepare(_ run: RunContext) { engine.use(threads: run.threads) }
  func sharedBytes(threads: Int) -> Int { engine.bytes(threads: threads) }
  func release() { engine.release() }
  func scratchBytes(for region: Region) -> Int {
    (geometry.extent.rows * geometry.extent.columns * channels.channels.count
      + geometry.rows.count * geometry.columns.count * (geometry.classes + 1)) * 4 + input.grid.count
  }
  func operations(for region: Region) -> Double { Double(region.times.count) * geometry.operations }

  func steps(for region: Region) -> [[Need]] {
    region.times.map { time in
      let variables = (channels.channels.map(\.variable).max() ?? 0) + 1
      let layers = (channels.channels.map(\.layer).max() ?? 0) + 1
      return [
        Need(
          0,
          Region(
            variables: 0..<variables, times: time..<time + 1, layers: 0..<layers, rows: 0..<input.grid.ny,
            columns: 0..<input.grid.nx))
      ]
    }
  }

  func begin(_ region: Region) throws(StageError) -> any Work {
    DetectedWork(self, try Grids.Block.make(region), try engine.loaded())
  }
}

private final class DetectedWork: Work {
  let detected: Detected
  let result: Grids.Block
  let loaded: PredictionEngine.Loaded
  init(_ detected: Detected, _ result: Grids.Block, _ loaded: PredictionEngine.Loaded) {
    (self.detected, self.result, self.loaded) = (detected, result, loaded)
  }

  func take(_ blocks: [Grids.Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("`detect` was given no input") }
    let geometry = detected.geometry
    let (ny, nx) = (detected.input.grid.ny, detected.input.grid.nx)
    let channels = detected.channels.channels
    let size = geometry.extent.rows * geometry.extent.columns
    // Answers by class, row and column of the windows.
    var answers = [Float](
      repeating: .nan, count: geometry.classes * geometry.rows.count * geometry.columns.count)
    do {
      let field = try Tensor(
        uninitialized: try Shape([1, channels.count, geometry.extent.rows, geometry.extent.columns]))
      for down in geometry.shifts.rows {
        for across in geometry.shifts.columns {
          for (index, channel) in channels.enumerated() {
            let model = loaded.model.inputs[index]
            let from = block.mapOffset(channel.variable, 0, channel.layer)
            let numbers = unsafe field.storage
            for row in 0..<geometry.extent.rows {
              // What no window of this shift sees.
              let j = min(row + down, ny - 1)
              for column in 0..<geometry.extent.columns {
                let i = (column + across) % nx
                let place = from + j * nx + i
                var number = Float(model.filler)
                if block.validity[place] != 0 {
                  let value = Float(
                    model.encode(Double(block.values[place]) * channel.factor + channel.offset))
                  if value.isFinite { number = value }
                }
                unsafe numbers[index * size + row * geometry.extent.columns + column] = number
              }
            }
          }
          let operand = unsafe Operand(field.shape, field.storage)
          try loaded.program.run(["input": operand], parameters: loaded.model.parameters) { outputs in
            guard let output = outputs["result"] else { throw StageError("the network has no result") }
            take(output, down, across, into: &answers)
          }
        }
      }
    } catch let error as StageError { throw error } catch { throw StageError("the network: \(error)") }
    write(answers, missing: missing(block), step)
  }

  private func take(_ output: Operand<Float>, _ down: Int, _ across: Int, into answers: inout [Float]) {
    let geometry = detected.geometry
    let (height, width) = geometry.answers
    for (r, row) in geometry.rows.enumerated() where row % geometry.network.rows == down {
      for (c, column) in geometry.columns.enumerated() where column % geometry.network.columns == across {
        let (j, i) = ((row - down) / geometry.network.rows, (column - across) / geometry.network.columns)
        for k in 0..<geometry.classes {
          answers[(k * geometry.rows.count + r) * geometry.columns.count + c] =
            output[(k * height + j) * width + i]
        }
      }
    }
  }

  /// Cells where a channel is missing.
  private func missing(_ block: Grids.Block) -> [Bool] {
    let cells = detected.input.grid.count
    var result = [Bool](repeating: false, count: cells)
    for channel in detected.channels.channels {
      let from = block.mapOffset(channel.variable, 0, channel.layer)
      for cell in 0..<cells where block.validity[from + cell] == 0 { result[cell] = true }
    }
    return result
  }

  private func write(_ answers: [Float], missing: [Bool], _ step: Int) {
    let geometry = detected.geometry
    let region = result.region
    let nx = detected.input.grid.nx
    let closes = geometry.columns.last.map { $0 + geometry.patch[1] > nx } ?? false
    let rows = region.rows.map {
      DetectGeometry.nearest(
        $0, geometry.rows, half: geometry.patch[0] / 2, stride: detected.stride.rows, around: nil)
    }
    let columns = region.columns.map {
      DetectGeometry.nearest(
        $0, geometry.columns, half: geometry.patch[1] / 2, stride: detected.stride.columns,
        around: closes ? nx : nil)
    }
    for (position, variable) in region.variables.enumerated() {
      var place = result.mapOffset(position, step, 0)
      for (r, row) in region.rows.enumerated() {
        for (c, column) in region.columns.enumerated() {
          defer { place += 1 }
          guard let j = rows[r], let i = columns[c], !missing[row * nx + column] else {
            (result.values[place], result.validity[place]) = (.nan, 0)
            continue
          }
          func answer(_ k: Int) -> Float {
            answers[(k * geometry.rows.count + j) * geometry.columns.count + i]
          }
          let value =
            geometry.classes == 1 ? answer(0) : ClassResult.value(variable, answer, geometry.classes)
          (result.values[place], result.validity[place]) = (value, value.isFinite ? 1 : 0)
        }
      }
    }
  }

  func finish() throws(StageError) -> Grids.Block { result }
}
