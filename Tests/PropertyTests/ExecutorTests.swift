import Foundation
import GridFiles
import Grids
import Stages
import TestSupport
import Testing

@testable import Pipelines

/// The executor on graphs made for it: the same bytes for any number of threads and any memory, and the
/// numbers that plain loops give.
@Suite struct ExecutorTests {
  static let times = 12
  static let rows = 20
  static let columns = 30

  static func description(times: Int = times) -> Description {
    let time = TimeAxis(
      values: (0..<times).map { Double($0) + 0.5 }, units: "days since 2000-01-01", calendar: .standard)
    let grid = Grid(
      kind: .regular,
      y: Axis(
        name: "lat", kind: .latitude, standardName: "latitude", units: "degrees_north",
        values: (0..<rows).map { -47.5 + 5 * Double($0) }),
      x: Axis(
        name: "lon", kind: .longitude, standardName: "longitude", units: "degrees_east",
        values: (0..<columns).map { 12 * Double($0) }))
    return Description(
      variables: [
        VariableDescription(name: "tas", standardName: "air_temperature", longName: "temperature", units: "K")
      ], time: time, grid: grid)
  }

  static func value(_ t: Int, _ j: Int, _ i: Int) -> Float? {
    (t * 7 + j * 3 + i) % 11 == 0 ? nil : Float(t * 100 + j) + Float(i) / 32
  }

  struct Numbers: Source {
    let label = "numbers"
    let output: Description
    let grain: (times: Int, layers: Int, rows: Int)
    func scratchBytes(for region: Region) -> Int { 0 }
    func fileBytes(for region: Region) -> Int { region.count * 4 }
    func read(_ region: Region) async throws -> Block {
      let block = try Block(uninitialized: region)
      var position = 0
      for t in region.times {
        for j in region.rows {
          for i in region.columns {
            let value = value(t, j, i)
            block.values[position] = value ?? .nan
            block.validity[position] = value == nil ? 0 : 1
            position += 1
          }
        }
      }
      return block
    }
  }

  struct Scale: PointwiseComputation {
    let label = "scale"
    let output: Description
    let factor: Float
    var isKept = false
    func apply(to block: Block) throws(StageError) {
      for index in 0..<block.count { block.values[index] *= factor }
    }
  }

  /// The difference of two inputs; the second may have one time for all.
  struct Difference: DirectComputation {
    let label = "difference"
    let output: Description
    let secondHasTimes: Bool
    func needs(for region: Region) -> [Need] {
      var second = region
      if !secondHasTimes { second.times = 0..<1 }
      return [Need(0, region), Need(1, second)]
    }
    func compute(_ region: Region, _ blocks: [Block]) throws(StageError) -> Block {
      for index in 0..<region.count {
        let other = secondHasTimes ? index : index % region.mapCount
        blocks[0].values[index] -= blocks[1].values[other]
        if blocks[1].validity[other] == 0 {
          blocks[0].validity[index] = 0
          blocks[0].values[index] = .nan
        }
      }
      return blocks[0]
    }
  }

  /// The mean over time, one time at a step.
  struct TimeMean: Computation {
    let label = "time mean"
    let output: Description
    let inputTimes: Int
    let isKept: Bool
    func steps(for region: Region) -> [[Need]] {
      (0..<inputTimes).map { time in
        var need = region
        need.times = time..<time + 1
        return [Need(0, need)]
      }
    }
    func scratchBytes(for region: Region) -> Int { region.mapCount * 16 }
    func begin(_ region: Region) throws(StageError) -> any Work { MeanWork(region) }
  }

  final class MeanWork: Work {
    let region: Region
    var sums: [Double]
    var counts: [Int]
    init(_ region: Region) {
      self.region = region
      sums = Array(repeating: 0, count: region.mapCount)
      counts = Array(repeating: 0, count: region.mapCount)
    }
    func take(_ blocks: [Block], step: Int) throws(StageError) {
      for index in sums.indices where blocks[0].validity[index] == 1 {
        sums[index] += Double(blocks[0].values[index])
        counts[index] += 1
      }
    }
    func finish() throws(StageError) -> Block {
      do {
        let block = try Block(uninitialized: region)
        for index in sums.indices {
          block.values[index] = counts[index] > 0 ? Float(sums[index] / Double(counts[index])) : .nan
          block.validity[index] = counts[index] > 0 ? 1 : 0
        }
        return block
      } catch {
        throw StageError("\(error)")
      }
    }
  }

  /// Source -> x2 -> (its time mean) -> difference, with the doubled field read twice: a diamond.
  static func graph(grain: Int = 1, isKept: Bool = true, keepsDoubled: Bool = false) -> (
    ComputationGraph, NodeID
  ) {
    var graph = ComputationGraph()
    graph.origin = "test"
    let field = description()
    let source = graph.add(Numbers(output: field, grain: (grain, 1, 1)))
    let doubled = graph.add(Scale(output: field, factor: 2, isKept: keepsDoubled), inputs: [source])
    let mean = graph.add(
      TimeMean(output: description(times: 1), inputTimes: times, isKept: isKept), inputs: [doubled])
    let tripled = graph.add(Scale(output: field, factor: 1.5), inputs: [doubled])
    let half = graph.add(Difference(output: field, secondHasTimes: true), inputs: [tripled, doubled])
    let result = graph.add(Difference(output: field, secondHasTimes: false), inputs: [half, mean])
    return (graph, result)
  }

  static func plan(_ graph: ComputationGraph, _ node: NodeID, to path: String, threads: Int, budget: Int)
    throws
    -> ItemPlan
  {
    var options = EncodingOptions()
    options.dateCreated = "2026-01-01T00:00:00Z"
    options.historyLine = "2026-01-01T00:00:00Z: test"
    let description = graph.description(node)
    let layout = try OutputLayout(description, EncodedHeader(description, options))
    let memory = try MemoryPlanner(
      graph: graph, outputs: [(node.index, layout)], threads: threads, budget: budget
    ).plan()
    let spec = PipelineSpec(
      path: "p.yaml", folder: ".", text: [], name: "test", summary: nil, parameters: [], inputs: [],
      stages: [],
      outputs: [], metadata: [], skipsFailedItems: false, faults: [])
    return ItemPlan(
      item: .whole, spec: spec, graph: graph,
      outputs: [.init(path: path, mark: Mark(line: 1, column: 1), node: node.index, layout: layout)],
      memory: memory, base: 0, settingsThreads: threads, files: [], notes: [])
  }

  static func run(_ plan: ItemPlan, threads: Int) async throws -> Data {
    let run = ItemRun(
      plan: plan, pool: WorkerPool(threads: threads), threads: threads, progress: { _, _ in },
      context: RunContext(threads: threads), notebook: Notebook())
    let paths = try await run.run().written
    return try Data(contentsOf: URL(fileURLWithPath: paths[0]))
  }

  @Test(arguments: [1, 5])
  func theBytesDoNotDependOnThreadsOrMemory(grain: Int) async throws {
    let folder = try TemporaryFolder()
    var first: Data?
    for threads in [1, 2, 3] {
      for budget in [1 << 30, 1 << 20, 120_000, 60_000] {
        for isKept in [true, false] {
          let (graph, node) = Self.graph(grain: grain, isKept: isKept)
          let plan = try Self.plan(
            graph, node, to: folder.path("out.nc"), threads: threads, budget: budget)
          #expect(plan.memory.kept.isEmpty == !isKept || budget < 1 << 20)
          let bytes = try await Self.run(plan, threads: threads)
          if let first {
            #expect(bytes == first, "threads \(threads), budget \(budget), kept \(isKept)")
          } else {
            first = bytes
          }
        }
      }
    }
    #expect(folder.contents() == ["out.nc"])
  }

  @Test func theNumbersAreThoseOfPlainLoops() async throws {
    let folder = try TemporaryFolder()
    let (graph, node) = Self.graph()
    let plan = try Self.plan(graph, node, to: folder.path("out.nc"), threads: 2, budget: 1 << 24)
    _ = try await Self.run(plan, threads: 2)
    let dump = try Command.run(["ncdump", "-v", "tas", "-p", "9,17", folder.path("out.nc")])
    let text = try #require(dump.stdout.components(separatedBy: " tas =").last)
    let numbers = text.prefix { $0 != ";" }.split(separator: ",").map {
      Float($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    #expect(numbers.count == Self.times * Self.rows * Self.columns)
    var position = 0
    for t in 0..<Self.times {
      for j in 0..<Self.rows {
        for i in 0..<Self.columns {
          var (sum, count) = (0.0, 0)
          for s in 0..<Self.times {
            if let value = Self.value(s, j, i) { (sum, count) = (sum + Double(value * 2), count + 1) }
          }
          let expected = Self.value(t, j, i).map { $0 * 2 * 1.5 - $0 * 2 - Float(sum / Double(count)) }
          #expect(numbers[position] == expected, "time \(t), row \(j), column \(i)")
          position += 1
        }
      }
    }
  }

  @Test func resultsThatAreKeptGoToAScratchFileWhenTheyAreLarge() async throws {
    let folder = try TemporaryFolder()
    let (graph, node) = Self.graph(keepsDoubled: true)
    let large = try Self.plan(graph, node, to: folder.path("out.nc"), threads: 2, budget: 1 << 24)
    #expect(large.memory.kept.map(\.inMemory) == [true, true])
    let inMemory = try await Self.run(large, threads: 2)
    let small = try Self.plan(graph, node, to: folder.path("out.nc"), threads: 2, budget: 60_000)
    #expect(small.memory.kept.map(\.inMemory) == [false, true])
    #expect(try await Self.run(small, threads: 2) == inMemory)
    let (plain, result) = Self.graph()
    let notKept = try Self.plan(plain, result, to: folder.path("out.nc"), threads: 1, budget: 1 << 24)
    #expect(try await Self.run(notKept, threads: 1) == inMemory)
    #expect(folder.contents() == ["out.nc"])
  }

  @Test func theTraceFindsWhatIsReadTwice() {
    let (graph, node) = Self.graph(isKept: false)
    var region = Self.description().whole
    region.times = 3..<4
    let trace = Trace(graph, kept: [], windowLimit: 0, Request(node: node.index, region: region))
    // The doubled field at this time: for the tripled one, the difference, and a step of the mean.
    #expect(trace.uses[Request(node: 1, region: region)] == 3)
    #expect(trace.fileBytes == Self.times * region.count * 4)
    #expect(trace.peak >= 3 * Block.bytes(region))
  }

  @Test func whatIsStoredTogetherIsReadOnce() {
    let (graph, _) = Self.graph(grain: 5, isKept: false)
    let whole = Self.description(times: 1).whole
    let trace = Trace(graph, kept: [], windowLimit: 1 << 20, Request(node: 2, region: whole))
    #expect(
      trace.windows.map(\.region.times).sorted { $0.lowerBound < $1.lowerBound } == [0..<5, 5..<10, 10..<12])
    #expect(trace.fileBytes == Self.times * whole.count * 4)
  }

  @Test func tooLittleMemoryIsToldWithWhatIsNeeded() {
    let (graph, node) = Self.graph()
    #expect(throws: MemoryPlan.Excess.self) {
      try Self.plan(graph, node, to: "/tmp/x.nc", threads: 1, budget: 1000)
    }
  }

  @Test func aValueThatIsNoNumberIsNotWritten() async throws {
    let folder = try TemporaryFolder()
    var graph = ComputationGraph()
    graph.origin = "overflow"
    let field = Self.description()
    let source = graph.add(Numbers(output: field, grain: (1, 1, 1)))
    let node = graph.add(Scale(output: field, factor: .greatestFiniteMagnitude), inputs: [source])
    let plan = try Self.plan(graph, node, to: folder.path("out.nc"), threads: 2, budget: 1 << 24)
    do {
      _ = try await Self.run(plan, threads: 2)
      Issue.record("infinities were written")
    } catch let fault as Fault {
      #expect(fault.stage == "overflow" && fault.variable == "tas" && fault.cause.contains("inf"))
      #expect(fault.region?.hasPrefix("time ") == true)
    }
    #expect(folder.contents().isEmpty)
  }

  @Test func aCancelledRunLeavesNothing() async throws {
    let folder = try TemporaryFolder()
    let (graph, node) = Self.graph()
    let plan = try Self.plan(graph, node, to: folder.path("out.nc"), threads: 2, budget: 60_000)
    let task = Task { try await Self.run(plan, threads: 2) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(folder.contents().isEmpty)
  }
}
