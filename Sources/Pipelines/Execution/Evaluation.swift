import Basics
import Grids
import Stages

/// The evaluation of one task: follows the recursion of its trace.
final class Evaluation {
  private let graph: ComputationGraph
  private let kept: [Int: KeptResult]
  private let uses: [Request: Int]
  private let windows: Set<Request>
  private let context: RunContext
  private var current: [Int: (window: Request, block: Block)] = [:]
  private var remaining: [Request: (block: Block, uses: Int)] = [:]

  init(_ graph: ComputationGraph, kept: [Int: KeptResult], _ trace: Trace, _ context: RunContext) {
    (self.graph, self.kept, uses, windows) = (graph, kept, trace.uses, trace.windows)
    self.context = context
  }

  /// A block that belongs to the caller alone.
  /// - Parameter asComputed: the node is a kept one that is being made.
  func block(_ request: Request, asComputed: Bool = false) async throws -> Block {
    if let (block, left) = remaining[request] {
      if left > 1 {
        remaining[request] = (block, left - 1)
        return try block.clone()
      }
      remaining[request] = nil
      return block
    }
    try Task.checkCancellation()
    let block: Block
    if !asComputed, let result = kept[request.node] {
      block = try result.read(request.region)
    } else {
      let node = graph.nodes[request.node]
      switch node.content {
      case .source(let source): block = try await read(source, request)
      case .computation(let computation): block = try await compute(computation, node, request.region)
      }
    }
    if let all = uses[request], all > 1 {
      remaining[request] = (block, all - 1)
      return try block.clone()
    }
    return block
  }

  private func read(_ source: any Source, _ request: Request) async throws -> Block {
    guard let window = Trace.window(request, graph, []), windows.contains(window) else {
      return try await source.read(request.region)
    }
    if let (known, block) = current[request.node], known == window { return try block.part(request.region) }
    current[request.node] = nil
    let block = try await source.read(window.region)
    current[request.node] = (window, block)
    return try block.part(request.region)
  }

  private func compute(_ computation: any Computation, _ node: ComputationGraph.Node, _ region: Region)
    async throws -> Block
  {
    if let reading = computation as? any ReadingComputation {
      do throws(StageError) {
        let reader = KeptReader(inputs: node.inputs.map { kept[$0.index] })
        return try reading.compute(reading: reader, run: context.telling(node.origin))
      } catch {
        try Task.checkCancellation()
        throw Fault(error, at: node.mark, stage: node.origin)
      }
    }
    let steps = computation.steps(for: region)
    // With one step the inputs are made first: nothing of the result is in memory meanwhile.
    var work = steps.count == 1 ? nil : try begin(computation, node, region)
    for (index, step) in steps.enumerated() {
      var blocks: [Block] = []
      for need in step {
        blocks.append(try await block(Request(node: node.inputs[need.input].index, region: need.region)))
      }
      try Task.checkCancellation()
      let current = try work ?? begin(computation, node, region)
      work = current
      do throws(StageError) {
        try current.take(blocks, step: index)
      } catch {
        throw Fault(error, at: node.mark, stage: node.origin)
      }
    }
    do throws(StageError) {
      guard let work else { throw StageError("the stage did not begin") }
      let block = try work.finish()
      let findings = work.findings
      if !findings.isEmpty {
        let context = context.telling(node.origin)
        for finding in findings { context.report(finding) }
      }
      return block
    } catch {
      throw Fault(error, at: node.mark, stage: node.origin)
    }
  }

  private func begin(_ computation: any Computation, _ node: ComputationGraph.Node, _ region: Region) throws
    -> any Work
  {
    do throws(StageError) {
      return try computation.begin(region)
    } catch {
      throw Fault(error, at: node.mark, stage: node.origin)
    }
  }
}

/// The kept results that a computation reads by itself.
private struct KeptReader: FieldReader {
  let inputs: [KeptResult?]

  func read(_ input: Int, _ region: Region) throws(StageError) -> Block {
    guard inputs.indices.contains(input), let result = inputs[input] else {
      throw StageError("input \(input) of the stage was not kept")
    }
    guard result.whole.contains(region) else {
      throw StageError("a part was asked for that input \(input) does not have: \(region.extents)")
    }
    do {
      return try result.read(region)
    } catch let error as StageError {
      throw error
    } catch let error as FileError {
      throw StageError(error)
    } catch {
      throw StageError("\(error)")
    }
  }
}

extension Region {
  fileprivate func contains(_ part: Region) -> Bool {
    func holds(_ all: Range<Int>, _ some: Range<Int>) -> Bool {
      all.lowerBound <= some.lowerBound && some.upperBound <= all.upperBound
    }
    return holds(variables, part.variables) && holds(times, part.times) && holds(layers, part.layers)
      && holds(rows, part.rows) && holds(columns, part.columns)
  }
}
