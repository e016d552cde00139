import Grids

/// Chosen variables, times, layers, rows and columns of one input, each in any order.
struct Picked: Computation {
  let label: String
  let output: Description
  /// For each index of the output, the index of the input.
  let variables: [Int]
  let times: [Int]
  let layers: [Int]
  let rows: [Int]
  let columns: [Int]

  func steps(for region: Region) -> [[Need]] { pieces(region).map { [Need(0, $0.input)] } }

  func begin(_ region: Region) throws(StageError) -> any Work {
    PickedWork(self, pieces(region), try Block.make(region))
  }

  /// A box of the output and the box of the input that it is taken from.
  struct Piece {
    var output: Region
    var input: Region
  }

  func pieces(_ region: Region) -> [Piece] {
    var result: [Piece] = []
    for v in Self.runs(variables, region.variables, joining: 1) {
      for t in Self.runs(times, region.times, joining: 3) {
        for l in Self.runs(layers, region.layers, joining: 1) {
          for r in Self.runs(rows, region.rows, joining: 64) {
            for c in Self.runs(columns, region.columns, joining: 64) {
              result.append(
                Piece(
                  output: Region(
                    variables: v.output, times: t.output, layers: l.output, rows: r.output, columns: c.output),
                  input: Region(
                    variables: v.input, times: t.input, layers: l.input, rows: r.input, columns: c.input)))
            }
          }
        }
      }
    }
    return result
  }

  /// Cuts a range of the output into parts whose input indices lie close together: neighbours at most
  /// `joining` apart are read in one go.
  static func runs(
    _ indices: [Int], _ range: Range<Int>, joining gap: Int
  ) -> [(output: Range<Int>, input: Range<Int>)] {
    var result: [(output: Range<Int>, input: Range<Int>)] = []
    for position in range {
      let index = indices[position]
      if let last = result.last, abs(index - indices[position - 1]) <= gap {
        result[result.count - 1] = (
          last.output.lowerBound..<position + 1,
          min(last.input.lowerBound, index)..<max(last.input.upperBound, index + 1)
        )
      } else {
        result.append((position..<position + 1, index..<index + 1))
      }
    }
    return result
  }
}

private final class PickedWork: Work {
  let picked: Picked
  let pieces: [Picked.Piece]
  let result: Block
  init(_ picked: Picked, _ pieces: [Picked.Piece], _ result: Block) {
    (self.picked, self.pieces, self.result) = (picked, pieces, result)
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("the selection was given no input") }
    let piece = pieces[step]
    let (from, to) = (piece.input, piece.output)
    let (source, target) = (block.values, result.values)
    let (valid, mark) = (block.validity, result.validity)
    let columns = to.columns.map { picked.columns[$0] - from.columns.lowerBound }
    let isRun = columns.indices.allSatisfy { columns[$0] == columns[0] + $0 }
    for v in to.variables {
      for t in to.times {
        for l in to.layers {
          let input = block.mapOffset(
            picked.variables[v] - from.variables.lowerBound, picked.times[t] - from.times.lowerBound,
            picked.layers[l] - from.layers.lowerBound)
          let output = result.mapOffset(
            v - result.region.variables.lowerBound, t - result.region.times.lowerBound,
            l - result.region.layers.lowerBound)
          for r in to.rows {
            let s = input + (picked.rows[r] - from.rows.lowerBound) * from.columns.count
            let d =
              output + (r - result.region.rows.lowerBound) * result.region.columns.count
              + to.columns.lowerBound - result.region.columns.lowerBound
            if isRun, let first = columns.first {
              for i in 0..<columns.count {
                target[d + i] = source[s + first + i]
                mark[d + i] = valid[s + first + i]
              }
            } else {
              for i in 0..<columns.count {
                target[d + i] = source[s + columns[i]]
                mark[d + i] = valid[s + columns[i]]
              }
            }
          }
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}

extension ComputationGraph {
  /// Some time steps of a node, all else as it is.
  package mutating func pick(times: [Int], of node: NodeID) -> NodeID {
    var output = description(node)
    let (label, input) = ("keep \(times.count) of \(output.timeCount) times", output)
    output.time = output.time?.subset(times)
    return add(
      Picked(
        label: label, output: output, variables: Array(0..<input.variables.count), times: times,
        layers: Array(0..<input.layerCount), rows: Array(0..<input.grid.ny),
        columns: Array(0..<input.grid.nx)), inputs: [node])
  }
}
