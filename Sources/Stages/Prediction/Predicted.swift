import Basics
import Compute
import Grids
import Networks
import Tensors

/// A network applied to a field, window by window.
struct Predicted: Computation {
  let output: Description
  let engine: PredictionEngine
  let geometry: PredictionGeometry
  let channels: ChannelMatch
  let base: ChannelMatch?
  let members: PredictionMembers?
  let turns: PredictionTurns?
  let edges: PredictionEdges
  /// Dear, and each window is computed whole.
  let isKept = true

  var label: String {
    let (rows, columns) = (geometry.rows, geometry.columns)
    let cut =
      rows.tiles * columns.tiles == 1
      ? "whole maps of \(rows.count) x \(columns.count)"
      : "\(rows.tiles * columns.tiles) windows of \(rows.window) x \(columns.window), halo \(rows.halo) x \(columns.halo)"
    let around =
      geometry.crops ? ", \(rows.crop) x \(columns.crop) cells put around (\(edges.rawValue))" : ""
    return "predict \(engine.source.known.outputs.map(\.name).joined(separator: ", ")) in \(cut)\(around)"
      + (geometry.rounding.map { ", \($0)" } ?? "") + (turns.map { ", \($0.title)" } ?? "")
  }

  func prepare(_ run: RunContext) {
    engine.use(threads: run.threads)
    turns?.exchanged?.use(threads: run.threads)
  }
  func sharedBytes(threads: Int) -> Int {
    engine.bytes(threads: threads) + (turns?.exchanged?.bytes(threads: threads) ?? 0)
  }
  func release() {
    engine.release()
    turns?.exchanged?.release()
  }
  func scratchBytes(for region: Region) -> Int { geometry.windowBytes + (turns?.bytes ?? 0) }

  /// One window at one time.
  struct Window {
    let time: Int
    let row: Int
    let column: Int
    /// The cells of the result that it gives.
    let rows: Range<Int>
    let columns: Range<Int>
  }

  func windows(_ region: Region) -> [Window] {
    let (fr, fc) = (geometry.rowFactor, geometry.columnFactor)
    func coarse(_ range: Range<Int>, _ factor: Int) -> Range<Int> {
      range.isEmpty ? 0..<0 : range.lowerBound / factor..<(range.upperBound - 1) / factor + 1
    }
    let (down, across) = (geometry.rows, geometry.columns)
    return region.times.flatMap { time in
      down.tiles(of: coarse(region.rows, fr)).flatMap { row in
        across.tiles(of: coarse(region.columns, fc)).map { column in
          let (j, i) = (down.core(row), across.core(column))
          return Window(
            time: time, row: row, column: column,
            rows: (j.lowerBound * fr..<j.upperBound * fr).clamped(to: region.rows),
            columns: (i.lowerBound * fc..<i.upperBound * fc).clamped(to: region.columns))
        }
      }
    }
  }

  func steps(for region: Region) -> [[Need]] {
    windows(region).map { window in
      // Along the rows nothing closes: one piece.
      let rows = geometry.rows.pieces(window.row).first ?? 0..<0
      var needs = geometry.columns.pieces(window.column).map { columns in
        Need(
          0,
          Region(
            variables: 0..<variables(channels),
            times: channels.repeatsTime ? 0..<1 : window.time..<window.time + 1,
            layers: 0..<layers(channels), rows: rows, columns: columns))
      }
      if let base {
        needs.append(
          Need(
            1,
            Region(
              variables: 0..<variables(base), times: base.repeatsTime ? 0..<1 : window.time..<window.time + 1,
              layers: 0..<layers(base), rows: window.rows, columns: window.columns)))
      }
      return needs
    }
  }

  private func variables(_ match: ChannelMatch) -> Int { (match.channels.map(\.variable).max() ?? 0) + 1 }
  private func layers(_ match: ChannelMatch) -> Int { (match.channels.map(\.layer).max() ?? 0) + 1 }

  func operations(for region: Region) -> Double {
    Double(windows(region).count) * geometry.operations * Double(turns?.orientations.count ?? 1)
  }

  func begin(_ region: Region) throws(StageError) -> any Work {
    try PredictedWork(
      self, try Grids.Block.make(region), try engine.loaded(), try turns?.exchanged?.loaded())
  }
}

private final class PredictedWork: Work {
  let predicted: Predicted
  let result: Grids.Block
  let loaded: PredictionEngine.Loaded
  /// For windows whose rows and columns are exchanged.
  let exchanged: PredictionEngine.Loaded?
  let windows: [Predicted.Window]
  /// A window in the network's numbers, and for each of its cells whether a channel is missing there.
  private let input: Tensor
  private var isMissing: [Bool]

  init(
    _ predicted: Predicted, _ result: Grids.Block, _ loaded: PredictionEngine.Loaded,
    _ exchanged: PredictionEngine.Loaded?
  ) throws(StageError) {
    (self.predicted, self.result, self.loaded, self.exchanged) = (predicted, result, loaded, exchanged)
    windows = predicted.windows(result.region)
    let (rows, columns) = (predicted.geometry.rows.window, predicted.geometry.columns.window)
    isMissing = .init(repeating: false, count: rows * columns)
    do {
      input = try Tensor(
        uninitialized: try Shape([1, predicted.channels.channels.count, rows, columns]))
    } catch {
      throw StageError("\(error)")
    }
  }

  func take(_ blocks: [Grids.Block], step: Int) throws(StageError) {
    let window = windows[step]
    let pieces = blocks.dropLast(predicted.base == nil ? 0 : 1)
    guard !pieces.isEmpty else { throw StageError("`predict` was given no input") }
    fill(Array(pieces), window)
    let base = predicted.base == nil ? nil : blocks.last
    do {
      let operand = unsafe Operand(input.shape, input.storage)
      if let turns = predicted.turns {
        try turns.mean(operand, predicted.geometry.inputName, loaded, exchanged) {
          output throws(StageError) in try write(output, window, base, 0)
        }
        return
      }
      // With dropout each member is a run of its own; else all come from one.
      let layers = result.region.layers
      let runs = predicted.members?.dropsOut == true ? layers.map { $0..<$0 + 1 } : [layers]
      for members in runs {
        let step = StepContext(
          seed: predicted.members?.seed ?? 0, step: UInt64(clamping: members.lowerBound))
        try loaded.program.run(
          [predicted.geometry.inputName: operand], parameters: loaded.model.parameters, step: step
        ) { outputs in
          guard let output = outputs["result"] else { throw StageError("the network has no result") }
          for member in members { try write(output, window, base, member) }
        }
      }
    } catch let error as StageError {
      throw error
    } catch {
      throw StageError("the network: \(error)")
    }
  }

  func finish() throws(StageError) -> Grids.Block { result }

  private func fill(_ pieces: [Grids.Block], _ window: Predicted.Window) {
    let geometry = predicted.geometry
    let columns = geometry.columns.window
    let cells = geometry.rows.window * columns
    let (top, bottom) = geometry.rows.outside(window.row)
    let (left, right) = geometry.columns.outside(window.column)
    let numbers = unsafe input.storage
    for cell in isMissing.indices { isMissing[cell] = false }
    for (index, channel) in predicted.channels.channels.enumerated() {
      let model = loaded.model.inputs[index]
      var done = left
      for piece in pieces {
        let (values, validity) = (piece.values, piece.validity)
        let (height, width) = (piece.region.rows.count, piece.region.columns.count)
        let start = piece.mapOffset(channel.variable, 0, channel.layer)
        for row in 0..<height {
          for column in 0..<width {
            let from = start + row * width + column
            let cell = (top + row) * columns + done + column
            var number: Float = 0
            if validity[from] != 0 {
              let value = Double(values[from]) * channel.factor + channel.offset
              number = Float(model.encode(value))
            }
            // The network is given the channel's mean.
            if validity[from] == 0 || !number.isFinite {
              (number, isMissing[cell]) = (Float(model.filler), true)
            }
            unsafe numbers[index * cells + cell] = number
          }
        }
        done += width
      }
      if top + bottom + left + right > 0 {
        let map = unsafe UnsafeMutableBufferPointer(rebasing: numbers[index * cells..<(index + 1) * cells])
        Self.extend(map, columns: columns, top: top, bottom: bottom, left: left, right: right)
      }
    }
  }

  /// Gives the cells outside of the field the numbers of its nearest cells.
  private static func extend(
    _ map: UnsafeMutableBufferPointer<Float>, columns: Int, top: Int, bottom: Int, left: Int, right: Int
  ) {
    let rows = map.count / columns
    for row in top..<rows - bottom {
      let start = row * columns
      for column in 0..<left { unsafe map[start + column] = map[start + left] }
      for column in columns - right..<columns {
        unsafe map[start + column] = map[start + columns - right - 1]
      }
    }
    for row in 0..<top {
      for column in 0..<columns { unsafe map[row * columns + column] = map[top * columns + column] }
    }
    for row in rows - bottom..<rows {
      for column in 0..<columns {
        unsafe map[row * columns + column] = map[(rows - bottom - 1) * columns + column]
      }
    }
  }

  private func write(
    _ output: Operand<Float>, _ window: Predicted.Window, _ base: Grids.Block?, _ member: Int
  ) throws(StageError) {
    let geometry = predicted.geometry
    let (fr, fc) = (geometry.rowFactor, geometry.columnFactor)
    guard output.shape.rank == 4 else { throw StageError("the network made no map") }
    let (height, width) = (output.shape.extents[2], output.shape.extents[3])
    let (top, left) = (geometry.rows.start(window.row), geometry.columns.start(window.column))
    // The cells of the output that lie over the first cell of the field.
    let outputTop = (top + geometry.rows.crop) * fr - geometry.rowFootprint.skip
    let outputLeft = (left + geometry.columns.crop) * fc - geometry.columnFootprint.skip
    let masksEdges = predicted.edges == .missing
    let region = result.region
    for (position, variable) in region.variables.enumerated() {
      let model = loaded.model.outputs[geometry.classes == nil ? variable : 0]
      let source = predicted.base?.channels[variable]
      let to = result.mapOffset(
        position, window.time - region.times.lowerBound, member - region.layers.lowerBound)
      let stream = predicted.members?.stream(variable)
      for (r, row) in window.rows.enumerated() {
        for (c, column) in window.columns.enumerated() {
          let (j, i) = (row - outputTop, column - outputLeft)
          let place =
            to + (row - region.rows.lowerBound) * region.columns.count + column - region.columns.lowerBound
          var isValid = !isMissing[(row / fr - top) * geometry.columns.window + column / fc - left]
          if masksEdges {
            isValid =
              isValid && !geometry.rows.lacksNeighbours(row / fr)
              && !geometry.columns.lacksNeighbours(column / fc)
          }
          var first: Double?
          if let source, let base {
            let from = base.mapOffset(source.variable, 0, source.layer) + r * window.columns.count + c
            isValid = isValid && base.validity[from] != 0
            first = Double(base.values[from]) * source.factor + source.offset
          }
          guard isValid else {
            (result.values[place], result.validity[place]) = (.nan, 0)
            continue
          }
          let value: Float
          if let classes = geometry.classes {
            value = ClassResult.value(variable, { output[($0 * height + j) * width + i] }, classes)
          } else {
            let number = number(output, variable, j * width + i, height * width) { draw in
              // The place of the draw: of this member in this cell at this time.
              let cell = (window.time * predicted.output.grid.ny + row) * predicted.output.grid.nx + column
              let count = predicted.members?.count ?? 1
              return stream.map {
                loaded.model.loss.draw(draw, $0, at: UInt64(clamping: cell * count + member))
              }
            }
            value = Float(model.decode(number, base: first))
          }
          guard value.isFinite else {
            throw StageError(
              "the network made a number that is not finite, at row \(row), column \(column)",
              subject: model.name,
              remedy: "train it again, with a lower rate")
          }
          (result.values[place], result.validity[place]) = (value, 1)
        }
      }
    }
  }

  /// The network's number for a variable in a cell: its output, or a draw from the numbers of a distribution.
  private func number(
    _ output: Operand<Float>, _ variable: Int, _ cell: Int, _ cells: Int, _ draw: ([Double]) -> Double?
  ) -> Double {
    let first = Double(output[variable * cells + cell])
    guard predicted.members?.draws == true else { return first }
    let variables = loaded.model.outputs.count
    let numbers = (0..<loaded.model.loss.channelsPerVariable).map {
      Double(output[($0 * variables + variable) * cells + cell])
    }
    return draw(numbers) ?? first
  }
}
