import Grids
import Tensors

/// A node of the computation graph: what it makes, and what any part of that is made from. Everything but
/// `Work` is answered from descriptions, so the planner knows memory, bytes and order before data is read.
///
/// The result must not depend on how the output is cut into regions: each value is computed from the same
/// numbers in the same order whatever the region is.
public protocol Computation: Sendable {
  /// Shown by `plan`, e.g. `regrid bilinear 412x424 -> 361x720`.
  var label: String { get }
  var output: Description { get }
  /// The parts of the inputs that a part of the output needs, step by step: the blocks of one step are in
  /// memory together, those of different steps are not.
  func steps(for region: Region) -> [[Need]]
  /// Memory beside input blocks and output block while a region is computed, in bytes.
  func scratchBytes(for region: Region) -> Int
  /// How dear it is to compute parts of the output more than once: such a result is kept (in memory or in a
  /// scratch file) when another stage reads it.
  var isKept: Bool { get }
  /// True for a result that is made whole or not at all, once: scores, a fit, a training.
  var isWhole: Bool { get }
  /// Floating-point operations for a region, roughly.
  func operations(for region: Region) -> Double
  /// Memory that the node holds once, however many tasks are in flight, from its first use until `release`: weights
  /// and workspace of a network. A `ReadingComputation` holds it only while it runs.
  func sharedBytes(threads: Int) -> Int
  /// Called when the node is not computed any more in this run: gives back what `sharedBytes` counts.
  func release()
  /// What it does beside its result; nil: nothing. A node with an effect is computed even when nothing reads it.
  var effect: Effect? { get }
  /// Called once before anything is computed.
  func prepare(_ run: RunContext)
  /// Starts the computation of a region.
  func begin(_ region: Region) throws(StageError) -> any Work
}

/// A part of one input.
public struct Need: Sendable, Hashable {
  /// Which of the node's inputs.
  public let input: Int
  public let region: Region
  public init(_ input: Int, _ region: Region) { (self.input, self.region) = (input, region) }
}

/// The computation of one region. Used by one worker at a time.
public protocol Work: AnyObject {
  /// Takes the blocks of a step, in the order of its needs. They may be changed in place and kept.
  func take(_ blocks: [Block], step: Int) throws(StageError)
  func finish() throws(StageError) -> Block
  /// What was found beside the values; asked for once, after `finish`. The results of nodes that are not kept may
  /// be computed more than once.
  var findings: [Finding] { get }
}

extension Work {
  public var findings: [Finding] { [] }
}

extension Computation {
  public func prepare(_ run: RunContext) {}
  public func sharedBytes(threads: Int) -> Int { 0 }
  public func release() {}
  public var effect: Effect? { nil }
  public func scratchBytes(for region: Region) -> Int { 0 }
  public var isKept: Bool { isWhole }
  public var isWhole: Bool { false }
  public func operations(for region: Region) -> Double { Double(region.count) }
}

/// A computation that needs all its inputs at once.
public protocol DirectComputation: Computation {
  func needs(for region: Region) -> [Need]
  /// May reuse a block of the inputs as the result when the regions are equal.
  func compute(_ region: Region, _ blocks: [Block]) throws(StageError) -> Block
}

extension DirectComputation {
  public func steps(for region: Region) -> [[Need]] { [needs(for: region)] }
  public func begin(_ region: Region) throws(StageError) -> any Work { DirectWork(self, region) }
}

private final class DirectWork<C: DirectComputation>: Work {
  let computation: C
  let region: Region
  var result: Block?
  init(_ computation: C, _ region: Region) { (self.computation, self.region) = (computation, region) }
  func take(_ blocks: [Block], step: Int) throws(StageError) {
    result = try computation.compute(region, blocks)
  }
  func finish() throws(StageError) -> Block {
    guard let result else { throw StageError("the stage was finished before it was given its inputs") }
    return result
  }
}

/// A computation that changes each value by itself: one input of the same region, changed in place.
public protocol PointwiseComputation: DirectComputation {
  func apply(to block: Block) throws(StageError)
}

extension PointwiseComputation {
  public func needs(for region: Region) -> [Need] { [Need(0, region)] }
  public func compute(_ region: Region, _ blocks: [Block]) throws(StageError) -> Block {
    guard let block = blocks.first else { throw StageError("the stage was given no input") }
    try apply(to: block)
    return block
  }
}
