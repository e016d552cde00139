import Grids

/// What is made of the samples of a group.
enum Statistic: Sendable, Hashable {
  case mean, sum, max, min, range, count, median
  /// Divided by the number of samples less `freedom`.
  case variance(freedom: Int), deviation(freedom: Int)
  /// 0 to 100, linear between the two nearest samples.
  case percentile(Double)

  var holdsSamples: Bool {
    switch self {
    case .median, .percentile: true
    default: false
    }
  }
}

/// Groups of time steps, each made into one. Sums are double precision in the order of time, whatever the
/// region, so the result does not depend on how the work is cut.
struct TimeReduced: Computation {
  let label: String
  let output: Description
  let statistic: Statistic
  /// For each time of the output, the steps of the input, ascending.
  let groups: [[Int]]
  /// Samples that a cell must have, for each group; with fewer it is missing.
  let minimumCounts: [Int]
  let isKept: Bool

  /// Bytes of input that are taken in one step.
  private static let slabBytes = 8 << 20

  /// The steps of the input that a region needs, in runs, each at most a slab long.
  func slabs(_ region: Region) -> [Range<Int>] {
    let times = Set(region.times.flatMap { groups[$0] }).sorted()
    let each = max(region.variables.count * region.layers.count * region.mapCount * 5, 1)
    let limit = max(1, Self.slabBytes / each)
    var slabs: [Range<Int>] = []
    for time in times {
      if let last = slabs.last, last.upperBound == time, last.count < limit {
        slabs[slabs.count - 1] = last.lowerBound..<time + 1
      } else {
        slabs.append(time..<time + 1)
      }
    }
    return slabs
  }

  func steps(for region: Region) -> [[Need]] {
    slabs(region).map { times in
      var part = region
      part.times = times
      return [Need(0, part)]
    }
  }

  func scratchBytes(for region: Region) -> Int {
    let cells = region.variables.count * region.layers.count * region.mapCount
    if statistic.holdsSamples {
      return (region.times.reduce(0) { $0 + groups[$1].count } + region.times.count) * cells * 4
    }
    return region.count * 28
  }

  func operations(for region: Region) -> Double {
    let samples = Double(region.times.reduce(0) { $0 + groups[$1].count })
    let cells = Double(region.variables.count * region.layers.count * region.mapCount)
    return samples * cells * (statistic.holdsSamples ? 20 : 3)
  }

  func begin(_ region: Region) throws(StageError) -> any Work {
    statistic.holdsSamples ? SampleWork(self, region) : MomentWork(self, region)
  }
}

extension TimeReduced {
  /// For each step of the slabs, the groups of the region that it belongs to.
  fileprivate func memberships(_ region: Region) -> [Int: [Int]] {
    var result: [Int: [Int]] = [:]
    for group in region.times {
      for time in groups[group] { result[time, default: []].append(group - region.times.lowerBound) }
    }
    return result
  }
}

/// Statistics from sums: nothing but the sums is kept.
private final class MomentWork: Work {
  let reduced: TimeReduced
  let region: Region
  let slabs: [Range<Int>]
  let memberships: [Int: [Int]]
  /// Per output value: the count, the first sample or extreme, and sums of differences from the first sample.
  var counts: [Int32]
  var first: [Double]
  var sums: [Double]
  var squares: [Double]

  init(_ reduced: TimeReduced, _ region: Region) {
    (self.reduced, self.region) = (reduced, region)
    slabs = reduced.slabs(region)
    memberships = reduced.memberships(region)
    counts = .init(repeating: 0, count: region.count)
    first = .init(repeating: 0, count: region.count)
    switch reduced.statistic {
    case .variance, .deviation:
      sums = .init(repeating: 0, count: region.count)
      squares = sums
    case .range:
      sums = .init(repeating: 0, count: region.count)
      squares = []
    default: (sums, squares) = ([], [])
    }
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("the aggregation was given no input") }
    for (position, time) in slabs[step].enumerated() {
      for group in memberships[time] ?? [] {
        for v in 0..<region.variables.count {
          for l in 0..<region.layers.count {
            let output = ((v * region.times.count + group) * region.layers.count + l) * region.mapCount
            add(block, block.mapOffset(v, position, l), output)
          }
        }
      }
    }
  }

  private func add(_ block: Block, _ input: Int, _ output: Int) {
    let (values, validity, n) = (block.values, block.validity, region.mapCount)
    counts.withUnsafeMutableBufferPointer { counts in
      first.withUnsafeMutableBufferPointer { first in
        switch reduced.statistic {
        case .count:
          for i in 0..<n { counts[output + i] += Int32(validity[input + i]) }
        case .mean, .sum:
          for i in 0..<n where validity[input + i] != 0 {
            counts[output + i] += 1
            first[output + i] += Double(values[input + i])
          }
        case .max:
          for i in 0..<n where validity[input + i] != 0 {
            let x = Double(values[input + i])
            if counts[output + i] == 0 || x > first[output + i] { first[output + i] = x }
            counts[output + i] += 1
          }
        case .min:
          for i in 0..<n where validity[input + i] != 0 {
            let x = Double(values[input + i])
            if counts[output + i] == 0 || x < first[output + i] { first[output + i] = x }
            counts[output + i] += 1
          }
        case .range:
          sums.withUnsafeMutableBufferPointer { top in
            for i in 0..<n where validity[input + i] != 0 {
              let x = Double(values[input + i])
              if counts[output + i] == 0 || x < first[output + i] { first[output + i] = x }
              if counts[output + i] == 0 || x > top[output + i] { top[output + i] = x }
              counts[output + i] += 1
            }
          }
        case .variance, .deviation:
          sums.withUnsafeMutableBufferPointer { sums in
            squares.withUnsafeMutableBufferPointer { squares in
              for i in 0..<n where validity[input + i] != 0 {
                let x = Double(values[input + i])
                if counts[output + i] == 0 { first[output + i] = x }
                let d = x - first[output + i]
                sums[output + i] += d
                squares[output + i] += d * d
                counts[output + i] += 1
              }
            }
          }
        case .median, .percentile: break
        }
      }
    }
  }

  func finish() throws(StageError) -> Block {
    let block = try Block.make(region)
    let (values, validity) = (block.values, block.validity)
    let each = region.layers.count * region.mapCount
    for i in 0..<region.count {
      let group = region.times.lowerBound + i / max(each, 1) % region.times.count
      let count = Int(counts[i])
      let n = Double(count)
      var value: Double = .nan
      switch reduced.statistic {
      case .count: value = n
      case .mean: value = first[i] / n
      case .sum, .max, .min: value = first[i]
      case .range: value = sums[i] - first[i]
      case .variance(let freedom), .deviation(let freedom):
        if count > freedom {
          value = Swift.max(0, squares[i] - sums[i] * sums[i] / n) / Double(count - freedom)
          if case .deviation = reduced.statistic { value = value.squareRoot() }
        }
      case .median, .percentile: break
      }
      let isEnough = count >= reduced.minimumCounts[group] && (count > 0 || reduced.statistic == .count)
      let result = Float(value)
      if isEnough, result.isInfinite {
        let name = reduced.output.variables[region.variables.lowerBound + i / (each * region.times.count)]
          .name
        throw StageError("\(reduced.label) of \(name) does not fit into float32", subject: name)
      }
      validity[i] = isEnough && result.isFinite ? 1 : 0
      values[i] = validity[i] == 0 ? .nan : result
    }
    return block
  }
}

/// Statistics by rank: all samples are held.
private final class SampleWork: Work {
  let reduced: TimeReduced
  let region: Region
  let slabs: [Range<Int>]
  let memberships: [Int: [Int]]
  /// Where the samples of each group begin, per cell of the group.
  let starts: [Int]
  let cells: Int
  var samples: [Float]
  var counts: [Int32]

  init(_ reduced: TimeReduced, _ region: Region) {
    (self.reduced, self.region) = (reduced, region)
    slabs = reduced.slabs(region)
    memberships = reduced.memberships(region)
    let cells = region.variables.count * region.layers.count * region.mapCount
    var (starts, total) = ([Int](), 0)
    for group in region.times {
      starts.append(total)
      total += reduced.groups[group].count * cells
    }
    (self.starts, self.cells) = (starts, cells)
    samples = .init(repeating: 0, count: total)
    counts = .init(repeating: 0, count: cells * region.times.count)
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("the aggregation was given no input") }
    let (values, validity, n) = (block.values, block.validity, region.mapCount)
    samples.withUnsafeMutableBufferPointer { samples in
      counts.withUnsafeMutableBufferPointer { counts in
        for (position, time) in slabs[step].enumerated() {
          for group in memberships[time] ?? [] {
            let size = reduced.groups[region.times.lowerBound + group].count
            for v in 0..<region.variables.count {
              for l in 0..<region.layers.count {
                let input = block.mapOffset(v, position, l)
                let first = (v * region.layers.count + l) * n
                for i in 0..<n where validity[input + i] != 0 {
                  let count = group * cells + first + i
                  samples[starts[group] + (first + i) * size + Int(counts[count])] = values[input + i]
                  counts[count] += 1
                }
              }
            }
          }
        }
      }
    }
  }

  func finish() throws(StageError) -> Block {
    let block = try Block.make(region)
    let share: Double
    switch reduced.statistic {
    case .percentile(let p): share = p / 100
    default: share = 0.5
    }
    samples.withUnsafeMutableBufferPointer { samples in
      for v in 0..<region.variables.count {
        for group in 0..<region.times.count {
          let size = reduced.groups[region.times.lowerBound + group].count
          for l in 0..<region.layers.count {
            let output = block.mapOffset(v, group, l)
            for i in 0..<region.mapCount {
              let cell = (v * region.layers.count + l) * region.mapCount + i
              let count = Int(counts[group * cells + cell])
              guard count > 0, count >= reduced.minimumCounts[region.times.lowerBound + group] else {
                block.values[output + i] = .nan
                block.validity[output + i] = 0
                continue
              }
              let start = starts[group] + cell * size
              var part = UnsafeMutableBufferPointer(rebasing: samples[start..<start + count])
              part.sort()
              block.values[output + i] = Self.quantile(part, share)
              block.validity[output + i] = 1
            }
          }
        }
      }
    }
    return block
  }

  /// Linear between the two nearest of the sorted samples (Hyndman and Fan's type 7, numpy's default).
  private static func quantile(_ sorted: UnsafeMutableBufferPointer<Float>, _ share: Double) -> Float {
    let position = share * Double(sorted.count - 1)
    let whole = min(max(Int(position), 0), sorted.count - 1)
    let next = min(whole + 1, sorted.count - 1)
    let (a, b) = (Double(sorted[whole]), Double(sorted[next]))
    return Float(a + (b - a) * (position - Double(whole)))
  }
}
