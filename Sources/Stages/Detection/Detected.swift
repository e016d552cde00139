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
      + (geometry.rounding.map { ", \($0)" } ?? "")
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
          for index in channels.indices {
            fill(
              index, block, down, across, unsafe field.storage.baseAddress.map { unsafe $0 + index * size })
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

  /// A channel of the field, from the cell where a shift begins, in the network's numbers.
  private func fill(
    _ index: Int, _ block: Grids.Block, _ down: Int, _ across: Int, _ target: UnsafeMutablePointer<Float>?
  ) {
    guard let target = unsafe target else { return }
    let geometry = detected.geometry
    let (ny, nx) = (detected.input.grid.ny, detected.input.grid.nx)
    let (channel, model) = (detected.channels.channels[index], loaded.model.inputs[index])
    let (factor, offset, filler) = (channel.factor, channel.offset, Float(model.filler))
    let (mean, deviation, isPlain) = (model.mean, model.deviation, model.transform == .none)
    let from = block.mapOffset(channel.variable, 0, channel.layer)
    let width = geometry.extent.columns
    guard let values = unsafe block.values.baseAddress, let validity = unsafe block.validity.baseAddress
    else {
      return
    }
    for row in 0..<geometry.extent.rows {
      // What no window of this shift sees lies below the last row.
      let start = from + min(row + down, ny - 1) * nx
      var (column, i) = (0, across % nx)
      while column < width {
        let count = min(nx - i, width - column)
        let (source, valid) = unsafe (values + start + i, validity + start + i)
        let line = unsafe target + row * width + column
        if isPlain {
          // As `encode`, without its choices.
          for k in 0..<count {
            let encoded = unsafe Float((Double(source[k]) * factor + offset - mean) / deviation)
            unsafe line[k] = valid[k] != 0 && encoded - encoded == 0 ? encoded : filler
          }
        } else {
          for k in 0..<count {
            let encoded = unsafe Float(model.encode(Double(source[k]) * factor + offset))
            unsafe line[k] = valid[k] != 0 && encoded.isFinite ? encoded : filler
          }
        }
        column += count
        i = 0
      }
    }
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
    let validity = block.validity
    var result = [Bool](repeating: false, count: cells)
    for channel in detected.channels.channels {
      let from = block.mapOffset(channel.variable, 0, channel.layer)
      for cell in 0..<cells where validity[from + cell] == 0 { result[cell] = true }
    }
    return result
  }

  private func write(_ answers: [Float], missing: [Bool], _ step: Int) {
    let geometry = detected.geometry
    let region = result.region
    let nx = detected.input.grid.nx
    let closes = geometry.columns.last.map { $0 + geometry.patch[1] > nx } ?? false
    // -1 where no window stands for the cells.
    let rows = region.rows.map {
      DetectGeometry.nearest(
        $0, geometry.rows, half: geometry.patch[0] / 2, stride: detected.stride.rows, around: nil) ?? -1
    }
    let columns = region.columns.map {
      DetectGeometry.nearest(
        $0, geometry.columns, half: geometry.patch[1] / 2, stride: detected.stride.columns,
        around: closes ? nx : nil) ?? -1
    }
    let (values, validity) = (result.values, result.validity)
    let windows = geometry.rows.count * geometry.columns.count
    for (position, variable) in region.variables.enumerated() {
      let told = (0..<windows).map { window -> Float in
        geometry.classes == 1
          ? answers[window]
          : ClassResult.value(variable, { answers[$0 * windows + window] }, geometry.classes)
      }
      var place = result.mapOffset(position, step, 0)
      for (r, row) in region.rows.enumerated() {
        let (j, first) = (rows[r], row * nx + region.columns.lowerBound)
        for (c, i) in columns.enumerated() {
          let isKnown = j >= 0 && i >= 0 && !missing[first + c]
          let value: Float = isKnown ? told[j * geometry.columns.count + i] : .nan
          let isValid = value.isFinite
          (values[place], validity[place]) = (isValid ? value : .nan, isValid ? 1 : 0)
          place += 1
        }
      }
    }
  }

  func finish() throws(StageError) -> Grids.Block { result }
}
