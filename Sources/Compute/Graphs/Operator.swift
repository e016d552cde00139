import Tensors

/// A kind of computation on tensors: what shapes it makes, its numbers, its gradient as further nodes, its cost.
/// One file each in `Operators/`.
///
/// Two equal operators on equal inputs make equal numbers: passes compute them once.
///
/// Numbers whose meaning is an index (of a maximum, of a row) are whole numbers in float32.
public protocol Operator: Sendable, Hashable {
  /// The ONNX name, or a name of our own in the same style where ONNX has none (`ConvWeightGradient`).
  static var name: String { get }
  /// The attributes that matter to a reader: `kernel 3x3, stride 2`. Empty when there are none.
  var detail: String { get }

  /// The shapes of the outputs.
  /// - Throws: what does not fit, with the extents at fault. The graph adds which node and all shapes.
  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape]

  /// The plain computation, in any precision: short loops that follow the formula, sums in the number's own
  /// precision or better. It stays beside the fast one for ever. Outputs are not set when it is called.
  /// Implementations say `@_specialize(where T == Float) @_specialize(where T == Double)`.
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext)

  /// The fast computation; the reference when there is none. Outputs are not set when it is called.
  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext)
  /// Bytes of `RunContext.workspace` that `compute` wants.
  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int

  /// The gradients with respect to the inputs, as nodes that are added to the graph: one for each input, nil
  /// where there is none (an index, a shape) or none is wanted.
  /// - Parameter seeds: the gradient of the loss with respect to each output; nil where it is zero.
  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]

  /// Which elements of an input the elements `output` of the first output depend on, along one dimension.
  ///
  /// Not cut at the border: a convolution with padding begins before 0. Dimensions are counted from the end by
  /// the caller, so an input of lower rank is aligned as in broadcasting; `dimension` is the output's. Must be
  /// linear in `output` up to rounding.
  /// - Returns: nil when they depend on everything along it, or when it is no longer the same dimension.
  func inputRange(of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape])
    -> Range<Int>?

  /// Work for these inputs.
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost

  /// Inputs whose storage the first output may take over when nothing else reads them: `compute` must be right
  /// when the two are the same memory.
  var overlays: [Int] { get }

  /// Where in the first output an input lies as it is, in elements from its start: a program may let the input be made
  /// there, and `compute` must leave it alone then. nil: not in one piece.
  func placement(of input: Int, _ inputs: [Shape]) -> Int?

  /// Whether the numbers depend on the `StepContext`: then they are made anew in each run.
  var isRandom: Bool { get }
}

extension Operator {
  public var detail: String { "" }
  public var overlays: [Int] { [] }
  public var isRandom: Bool { false }
  public func placement(of input: Int, _ inputs: [Shape]) -> Int? { nil }
  public func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int { 0 }
  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    reference(inputs, outputs, run.step)
  }
  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    call.inputs.map { _ in nil }
  }
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    pointwiseRange(of: output, dimension: dimension, input: input, inputs, outputs)
  }
  /// The same element; the only one there is along a dimension that is repeated.
  func pointwiseRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let result = outputs.first, inputs.indices.contains(input) else { return nil }
    let own = dimension - result.rank + inputs[input].rank
    guard own >= 0 else { return 0..<1 }
    return inputs[input].extents[own] == 1 && result.extents[dimension] != 1 ? 0..<1 : output
  }
  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(outputs.reduce(0) { $0 + $1.count }))
  }
}

/// Floating-point operations (a multiplication and an addition are two).
public struct Cost: Sendable, Hashable {
  public var operations: Double
  public init(operations: Double) { self.operations = operations }
}

/// Which run this is, for operators that draw random numbers: the same numbers for the same step.
public struct StepContext: Sendable, Hashable {
  /// Of the whole training.
  public var seed: UInt64
  /// Counts the runs.
  public var step: UInt64
  public init(seed: UInt64 = 0, step: UInt64 = 0) { (self.seed, self.step) = (seed, step) }
}

/// What a computation may use while it runs.
public struct RunContext: @unchecked Sendable {
  public let step: StepContext
  /// All threads of the run; work is cut into pieces that do not depend on how many they are.
  package let team: ThreadTeam
  /// As many bytes as `workspaceBytes` asked for, aligned to 64; not set.
  public let workspace: UnsafeMutableRawBufferPointer

  package init(step: StepContext, team: ThreadTeam, workspace: UnsafeMutableRawBufferPointer) {
    (self.step, self.team) = (step, team)
    unsafe self.workspace = workspace
  }

  public var threads: Int { team.threads }

  /// Runs `body(0) ..< body(count)`, some at a time. Which thread runs which piece must not matter.
  public func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) { team.parallel(count, body) }

  /// The same, and tells which worker (below `threads`) runs the piece: whose part of the workspace it may use.
  public func parallel(_ count: Int, _ body: @Sendable (_ piece: Int, _ worker: Int) -> Void) {
    team.parallel(count, body)
  }

  /// Cuts `0..<count` into pieces of about `grain` elements (never depending on the number of threads).
  public func parallel(over count: Int, grain: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let grain = max(1, grain)
    let pieces = (count + grain - 1) / grain
    if pieces <= 1 { return body(0..<count) }
    team.parallel(pieces) { body($0 * grain..<min(count, ($0 + 1) * grain)) }
  }
}

/// What does not fit in the inputs of an operator.
public struct OperatorError: Error, Sendable, Hashable, CustomStringConvertible {
  public let cause: String
  public init(_ cause: String) { self.cause = cause }
  public init(_ error: ShapeError) { cause = error.description }
  public var description: String { cause }
}
