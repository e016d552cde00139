import Kernels
import Tensors

/// `Resize` of rows and columns (axes 2 and 3) of blocked values. Where each place takes at most two numbers (nearest,
/// linear without antialias) a kernel of its own computes it.
struct BlockedResize: Operator {
  static let name = "BlockedResize"
  let resize: Resize
  var detail: String { resize.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { try resize.outputShapes(inputs) }

  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    resize.reference(inputs, outputs, step)
  }

  /// For each place of a dimension its two neighbours; nil when there are more, or none.
  private func taps(_ map: SeparableMap, _ dimension: Int, _ extent: Int) -> [isotach_resize_tap]? {
    guard let weights = map.maps.first(where: { $0.dimension == dimension }) else {
      return (0..<extent).map { isotach_resize_tap(low: Int32($0), high: Int32($0), weight: 0) }
    }
    var taps: [isotach_resize_tap] = []
    for place in 0..<weights.targets {
      let entries = weights.starts[place]..<weights.starts[place + 1]
      guard !weights.isOutside[place], let first = entries.first, entries.count <= 2,
        abs(entries.reduce(0) { $0 + weights.weights[$1] } - 1) < 1e-12
      else { return nil }
      let last = entries.upperBound - 1
      taps.append(
        isotach_resize_tap(
          low: Int32(weights.places[first]), high: Int32(weights.places[last]),
          weight: first == last ? 0 : Float(weights.weights[last])))
    }
    return taps
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let map = resize.map(x.shape)
    guard map.maps.allSatisfy({ $0.dimension == 2 || $0.dimension == 3 }),
      let rows = taps(map, 2, x.shape[2]), let columns = taps(map, 3, x.shape[3])
    else { return resize.compute(inputs, outputs, run) }
    run.parallel(over: y.shape[0] * y.shape[1] * y.shape[2], grain: blockedGrain(y.shape)) { piece in
      var (from, to) = unsafe (x.native, y.native)
      unsafe isotach_blocked_resize(
        &from, rows, columns, &to, Int64(piece.lowerBound), Int64(piece.upperBound))
    }
  }

  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    resize.workspaceBytes(inputs, threads: threads)
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { resize.cost(inputs, outputs) }
}
