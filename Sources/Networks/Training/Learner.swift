import Compute
import Tensors

/// Numbers that are trained, with their gradients and moments: what becomes of them in a step.
@safe final class Learner: @unchecked Sendable {
  let parameters: Parameters
  let trained: ParameterLayout
  let gradients: Parameters
  let moments: [(slot: String, values: Parameters)]
  private let optimiser: any Optimiser
  private let decay: Double
  /// Stretches of parameters that are updated by themselves, none longer than `grain`.
  private let pieces: [Piece]
  private static let grain = 1 << 16

  private struct Piece: Sendable {
    let target: Int
    let source: Int
    let count: Int
    let multiplier: Double
  }

  /// - Parameters:
  ///   - trained: the layout of those of `parameters` that are trained.
  ///   - multiplier: of the rate of a parameter.
  /// - Throws: `ShapeError` when there is no memory for it.
  init(
    _ parameters: Parameters, trained: ParameterLayout, optimiser: any Optimiser, decay: Double,
    multiplier: (String) -> Double
  ) throws(ShapeError) {
    (self.parameters, self.trained, self.optimiser, self.decay) = (parameters, trained, optimiser, decay)
    gradients = try Parameters(trained)
    var moments: [(slot: String, values: Parameters)] = []
    for slot in optimiser.slots {
      let values = try Parameters(trained)
      let start = optimiser.initialState(slot)
      for entry in trained.entries where start != 0 { values[entry].fill(start) }
      moments.append((slot, values))
    }
    self.moments = moments
    var pieces: [Piece] = []
    for entry in trained.entries {
      guard let target = parameters.layout[entry.name] else { continue }
      let multiplier = multiplier(entry.name)
      for start in stride(from: 0, to: entry.shape.count, by: Self.grain) {
        pieces.append(
          Piece(
            target: target.offset + start, source: entry.offset + start,
            count: min(Self.grain, entry.shape.count - start), multiplier: multiplier))
      }
    }
    self.pieces = pieces
  }

  /// Where a program writes the gradients.
  var external: [String: Operand<Float>] {
    Dictionary(uniqueKeysWithValues: trained.entries.map { ($0.name, gradients[$0]) })
  }

  /// After a run of the step's program: what it has not written itself, then the bounds.
  /// - Returns: the norm of all gradients before they were held in bounds.
  func finish(_ step: LearningStep, _ clipping: Clipping?, _ team: ThreadTeam) -> Double {
    for (from, to) in step.copies {
      guard let source = gradients[from], let target = gradients[to] else { continue }
      unsafe target.pointer.update(from: source.pointer, count: source.count)
    }
    for (name, numbers) in step.constants {
      guard let tensor = gradients[name] else { continue }
      for (index, number) in numbers.enumerated() where index < tensor.count { tensor[index] = Float(number) }
    }
    let each = trained.entries.map { unsafe gradients[$0].values }
    return unsafe (clipping ?? Clipping()).apply(each, team: team)
  }

  /// - Parameter number: of updates so far, this one included.
  func update(rate: Double, number: Int, _ team: ThreadTeam) {
    team.parallel(pieces.count) { index in
      let piece = self.pieces[index]
      func part(_ values: Parameters, _ start: Int) -> UnsafeMutableBufferPointer<Float> {
        unsafe UnsafeMutableBufferPointer(rebasing: values.all[start..<start + piece.count])
      }
      unsafe self.optimiser.update(
        part(self.parameters, piece.target),
        gradient: UnsafeBufferPointer(part(self.gradients, piece.source)),
        slots: self.moments.map { unsafe part($0.values, piece.source) }, rate: rate * piece.multiplier,
        decay: self.decay, step: number)
    }
  }
}
