import Kernels
import Tensors

/// A chain of operators on large images that is computed band by band: what one step makes is still in the caches when
/// the next reads it, and a value that nobody else reads needs the memory of a band alone. The numbers are those of the
/// steps one after another, bit by bit.
struct BlockedBands: Operator {
  static let name = "BlockedBands"

  enum Source: Sendable, Hashable {
    /// An input of the whole.
    case outer(Int)
    /// The result of a step.
    case inner(Int)
  }

  /// A `RowsOperator`, or a concatenation of blocks.
  struct Step: Sendable, Hashable {
    let op: any Operator
    let sources: [Source]
    let shape: Shape

    static func == (a: Self, b: Self) -> Bool {
      a.sources == b.sources && a.shape == b.shape && AnyHashable(a.op) == AnyHashable(b.op)
    }
    func hash(into hasher: inout Hasher) {
      hasher.combine(AnyHashable(op))
      hasher.combine(sources)
    }
  }

  let inputs: [Shape]
  let steps: [Step]
  /// The steps whose results are wanted outside.
  let wanted: [Int]
  private let schedule: BandSchedule
  private let places: [Place]
  private let rings: [Ring]

  /// Where the result of a step lies: in an output of the whole or in a ring, from a block on.
  private struct Place: Sendable, Hashable {
    var output: Int?
    var ring: Int?
    var block: Int
  }

  /// Some rows of a value: from a first row on, which moves downwards.
  private struct Ring: Sendable, Hashable {
    let steps: [Int]
    let blocks: Int
    let capacity: Int
    let row: Int
    let offset: Int
    var count: Int { blocks * capacity * row }
  }

  /// - Parameter bandBytes: of the rows of a band of the largest value.
  /// - Returns: nil when a step cannot be computed by rows.
  init?(
    _ inputs: [Shape], _ steps: [(op: any Operator, sources: [Source])], wanted: [Int],
    bandBytes: Int = FuseBands.bandBytes
  ) {
    var made: [Step] = []
    for (op, sources) in steps {
      let shapes = sources.map { source in
        switch source {
        case .outer(let index): inputs[index]
        case .inner(let index): made[index].shape
        }
      }
      guard let shape = (try? op.outputShapes(shapes))?.first else { return nil }
      made.append(Step(op: op, sources: sources, shape: shape))
    }
    (self.inputs, self.steps, self.wanted) = (inputs, made, wanted)
    let parts = made.map { step in
      BandSchedule.Step(
        rows: step.shape[2], alignment: (step.op as? any RowsOperator)?.rowAlignment ?? 1,
        sources: step.sources.compactMap { source in
          guard case .inner(let index) = source else { return nil }
          let op = step.op as? any RowsOperator
          return (index, { rows in op?.sourceRows(of: rows) ?? rows })
        })
    }
    func rowBytes(_ shape: Shape) -> Int { shape.bytes / max(1, shape.imageCount * shape[2]) }
    var bands = 1
    for step in made {
      let rows = max(8, bandBytes / max(1, rowBytes(step.shape)))
      bands = max(bands, (step.shape[2] + rows - 1) / rows)
    }
    schedule = BandSchedule(parts, bands: bands)

    // A step that is read by a concatenation alone is made inside of that.
    var readers = [[Int]](repeating: [], count: made.count)
    for (index, step) in made.enumerated() {
      for case .inner(let source) in step.sources { readers[source].append(index) }
    }
    var places: [Place?] = made.map { _ in nil }
    var members: [[Int]] = []
    for index in made.indices.reversed() {
      if let output = wanted.firstIndex(of: index) {
        places[index] = Place(output: output, ring: nil, block: 0)
      } else if places[index] == nil {
        places[index] = Place(output: nil, ring: members.count, block: 0)
        members.append([index])
      }
      guard made[index].op is Concat, let place = places[index] else { continue }
      var block = place.block
      for source in made[index].sources {
        switch source {
        case .outer(let input): block += inputs[input][0]
        case .inner(let part):
          if readers[part] == [index], !wanted.contains(part) {
            places[part] = Place(output: place.output, ring: place.ring, block: block)
            if let ring = place.ring { members[ring].append(part) }
          }
          block += made[part].shape[0]
        }
      }
    }
    var offset = 0
    var rings: [Ring] = []
    for steps in members {
      let shape = made[steps[0]].shape
      let ring = Ring(
        steps: steps, blocks: shape[0], capacity: schedule.capacity(steps), row: shape[3] * Lanes.width,
        offset: offset)
      rings.append(ring)
      offset += (ring.count + 31) / 16 * 16
    }
    (self.places, self.rings) = (places.compactMap(\.self), rings)
    guard self.places.count == made.count, rings.allSatisfy({ made[$0.steps[0]].shape.rank == 5 }) else {
      return nil
    }
  }

  var detail: String {
    "\(schedule.ends.count) bands of "
      + steps.map { "\(type(of: $0.op).name)\($0.op.detail.isEmpty ? "" : " (\($0.op.detail))")" }
      .joined(separator: ", ")
  }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard inputs == self.inputs else { throw OperatorError("these are not the inputs of the chain") }
    return wanted.map { steps[$0].shape }
  }

  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    var values: [Operand<T>] = []
    var memory: [UnsafeMutableBufferPointer<T>] = []
    defer { for buffer in memory { unsafe buffer.deallocate() } }
    for (index, one) in steps.enumerated() {
      if let output = wanted.firstIndex(of: index) {
        values.append(outputs[output])
      } else {
        let buffer = UnsafeMutableBufferPointer<T>.allocate(capacity: max(1, one.shape.count))
        unsafe buffer.initialize(repeating: 0)
        unsafe memory.append(buffer)
        unsafe values.append(Operand(one.shape, .init(rebasing: buffer[..<one.shape.count])))
      }
      let given = one.sources.map { source in
        switch source {
        case .outer(let input): inputs[input]
        case .inner(let step): values[step]
        }
      }
      one.op.reference(given, [values[index]], step)
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let base = unsafe run.workspace.baseAddress else { return }
    let memory = unsafe base.assumingMemoryBound(to: Float.self)
    let context = unsafe RunContext(
      step: run.step, team: run.team,
      workspace: .init(rebasing: run.workspace[min(ringBytes, run.workspace.count)...]))
    let images = steps.first.map { $0.shape.imageCount } ?? 0
    for image in 0..<images {
      // The first row that each ring holds.
      var firsts = [Int](repeating: 0, count: rings.count)
      func value(_ source: Source) -> NativeValue {
        switch source {
        case .outer(let index): NativeValue(inputs[index]).image(image)
        case .inner(let step): result(step)
        }
      }
      func result(_ step: Int) -> NativeValue {
        let (place, shape) = (places[step], steps[step].shape)
        if let output = place.output {
          let whole = NativeValue(outputs[output]).image(image)
          return shape.rank == 5 ? whole.part(block: place.block, blocks: shape[0]) : whole
        }
        let ring = rings[place.ring ?? 0]
        return unsafe NativeValue(
          memory + ring.offset, blocks: ring.blocks, shape: shape, first: firsts[place.ring ?? 0],
          held: ring.capacity
        ).part(block: place.block, blocks: shape[0])
      }
      for band in schedule.ends.indices {
        var isReady = [Bool](repeating: false, count: rings.count)
        for (index, step) in steps.enumerated() {
          let rows = schedule.rows(index, band: band)
          if let number = places[index].ring, !isReady[number] {
            isReady[number] = true
            let all = unsafe NativeValue(
              memory + rings[number].offset, blocks: rings[number].blocks, shape: step.shape, first: 0,
              held: rings[number].capacity)
            makeRoom(rings[number], band, &firsts[number], all, run)
          }
          guard !rows.isEmpty else { continue }
          let target = result(index)
          if let op = step.op as? any RowsOperator {
            var others: [Operand<Float>] = []
            for case .outer(let input) in step.sources.dropFirst() { others.append(inputs[input]) }
            op.compute(rows: rows, value(step.sources[0]), others, target, context)
          } else {
            concatenate(step, index, rows, target, value, run)
          }
        }
      }
    }
  }

  /// Moves the rows that are still wanted to the top of a ring that the rows of the band do not fit in.
  private func makeRoom(
    _ ring: Ring, _ band: Int, _ first: inout Int, _ all: NativeValue, _ run: RunContext
  ) {
    let end = ring.steps.reduce(0) { max($0, schedule.ends[band][$1]) }
    guard end - first > ring.capacity else { return }
    let low = ring.steps.reduce(end) { min($0, schedule.firsts[band][$1]) }
    let done = band == 0 ? 0 : ring.steps.reduce(0) { max($0, schedule.ends[band - 1][$1]) }
    let (from, count) = ((low - first) * ring.row, max(0, done - low) * ring.row)
    if count > 0 {
      run.parallel(ring.blocks) { block in
        guard let data = unsafe all.blocked.data else { return }
        let start = unsafe data + block * ring.capacity * ring.row
        unsafe start.update(from: start + from, count: count)
      }
    }
    first = low
  }

  private func concatenate(
    _ step: Step, _ index: Int, _ rows: Range<Int>, _ target: NativeValue, _ value: (Source) -> NativeValue,
    _ run: RunContext
  ) {
    var block = 0
    for source in step.sources {
      let blocks: Int
      switch source {
      case .outer(let input): blocks = inputs[input][0]
      case .inner(let part): blocks = steps[part].shape[0]
      }
      defer { block += blocks }
      // Made in its place.
      if case .inner(let part) = source, places[part].output == places[index].output,
        places[part].ring == places[index].ring, places[part].block == places[index].block + block
      {
        continue
      }
      let from = value(source).rows(rows, width: 0)
      let to = target.part(block: block, blocks: blocks).rows(rows, width: 0)
      run.parallel(over: blocks * rows.count, grain: max(1, 16384 / max(1, step.shape[3] * Lanes.width))) {
        piece in
        var (from, to) = unsafe (from.blocked, to.blocked)
        unsafe isotach_blocked_copy(&from, &to, Int64(piece.lowerBound), Int64(piece.upperBound))
      }
    }
  }

  private var ringBytes: Int {
    (rings.last.map { $0.offset + $0.count + 16 } ?? 0) * MemoryLayout<Float>.stride / 64 * 64
  }

  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    var most = 0
    for (index, step) in steps.enumerated() {
      guard let op = step.op as? any RowsOperator else { continue }
      for band in schedule.ends.indices {
        let rows = schedule.rows(index, band: band)
        if !rows.isEmpty { most = max(most, op.workspaceBytes(rows: rows, threads: threads)) }
      }
    }
    return ringBytes + most + 64
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }

  func inputRange(of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape])
    -> Range<Int>?
  { nil }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(
      operations: steps.reduce(0) { sum, step in
        let shapes = step.sources.map { source in
          switch source {
          case .outer(let index): self.inputs[index]
          case .inner(let index): steps[index].shape
          }
        }
        return sum + step.op.cost(shapes, [step.shape]).operations
      })
  }
}

extension Shape {
  /// Images of a blocked or a plain batch.
  var imageCount: Int { rank == 5 ? self[1] : self[0] }
}
