import Kernels
import Tensors

/// Convolutions by columns (im2col) and matrix products. Work is cut into pieces that follow from the shapes
/// alone, and sums over pieces are made in the order of the pieces: the bits do not depend on the threads.
struct ConvolutionColumns {
  let plan: ConvolutionPlan
  private var window: ConvolutionWindow { plan.window }
  /// Rows of the columns: the numbers that one output is made of.
  private var depth: Int { plan.channels * window.kernelCount }
  private var positions: Int { window.outputCount }

  /// Columns of a band take at most about this many bytes, so that they stay in the second-level cache.
  private static let bandBytes = 512 << 10

  /// Output positions of a band.
  private func band(rows: Int) -> Int {
    let fitting = Self.bandBytes / 4 / max(1, rows)
    return min(positions, max(64, fitting / 64 * 64))
  }
  private func columnBytes(rows: Int) -> Int {
    window.isPointwise ? 0 : (rows * band(rows: rows) * 4 + 63) / 64 * 64
  }

  /// Cuts `count` into about `pieces` equal parts.
  private static func part(_ index: Int, of pieces: Int, _ count: Int) -> Range<Int> {
    count * index / pieces..<count * (index + 1) / pieces
  }

  private func scratch(_ run: RunContext, _ worker: Int, _ bytes: Int, after: Int = 0)
    -> UnsafeMutablePointer<Float>?
  {
    guard bytes > 0, let base = run.workspace.baseAddress else { return nil }
    return (base + after + worker * bytes).assumingMemoryBound(to: Float.self)
  }

  // MARK: y from x and w

  func forwardWorkspace(threads: Int) -> Int { threads * columnBytes(rows: depth) }

  func forward(
    _ x: Operand<Float>, _ w: Operand<Float>, bias: Operand<Float>?, _ y: Operand<Float>, _ run: RunContext,
    activation: Activation? = nil
  ) {
    let (groups, filters, channels) = (plan.groups, plan.filters, plan.channels)
    let width = band(rows: depth)
    let bands = (positions + width - 1) / width
    let bytes = columnBytes(rows: depth)
    run.parallel(plan.batch * groups * bands) { piece, worker in
      let (image, first) = (piece / bands, piece % bands * width)
      let group = image % groups
      let last = min(positions, first + width)
      let target = y.pointer + image * filters * positions + first
      let source = x.pointer + image * channels * window.inputCount
      let weights = w.pointer + group * filters * depth
      for filter in 0..<filters {
        let value = bias?[group * filters + filter] ?? 0
        (target + filter * positions).update(repeating: value, count: last - first)
      }
      var matrix = source + first
      var step = positions
      if let columns = scratch(run, worker, bytes) {
        var native = window.native
        isotach_im2col(&native, Int64(channels), source, Int64(first), Int64(last), columns)
        (matrix, step) = (columns, last - first)
      }
      isotach_sgemm(
        0, 0, Int64(filters), Int64(last - first), Int64(depth), 1, weights, Int64(depth), matrix,
        Int64(step), 1,
        target, Int64(positions))
      guard let activation else { return }
      for filter in 0..<filters { activation.apply(target + filter * positions, last - first) }
    }
  }

  // MARK: x from y and w

  /// Channels of a piece: all, unless there are few images.
  private var channelBlock: Int {
    let images = max(1, plan.batch * plan.groups)
    let blocks = min(plan.channels, max(1, 8 / images))
    return (plan.channels + blocks - 1) / blocks
  }

  func inputGradientWorkspace(threads: Int) -> Int {
    threads * columnBytes(rows: channelBlock * window.kernelCount)
  }

  func inputGradient(
    _ y: Operand<Float>, _ w: Operand<Float>, bias: Operand<Float>?, _ x: Operand<Float>, _ run: RunContext,
    activation: Activation? = nil
  ) {
    let (groups, filters, channels) = (plan.groups, plan.filters, plan.channels)
    let (kernel, inner, block) = (window.kernelCount, window.inputCount, channelBlock)
    let blocks = (channels + block - 1) / block
    let width = band(rows: block * kernel)
    let bytes = columnBytes(rows: block * kernel)
    run.parallel(plan.batch * groups * blocks) { piece, worker in
      let (image, firstChannel) = (piece / blocks, piece % blocks * block)
      let group = image % groups
      let count = min(block, channels - firstChannel)
      let target = x.pointer + (image * channels + firstChannel) * inner
      for channel in 0..<count {
        let value = bias?[group * channels + firstChannel + channel] ?? 0
        (target + channel * inner).update(repeating: value, count: inner)
      }
      let weights = w.pointer + group * filters * depth + firstChannel * kernel
      let seeds = y.pointer + image * filters * positions
      for first in stride(from: 0, to: positions, by: width) {
        let last = min(positions, first + width)
        if let columns = scratch(run, worker, bytes) {
          isotach_sgemm(
            1, 0, Int64(count * kernel), Int64(last - first), Int64(filters), 1, weights, Int64(depth),
            seeds + first, Int64(positions), 0, columns, Int64(last - first))
          var native = window.native
          isotach_col2im_add(&native, Int64(count), columns, Int64(first), Int64(last), target)
        } else {
          isotach_sgemm(
            1, 0, Int64(count), Int64(last - first), Int64(filters), 1, weights, Int64(depth), seeds + first,
            Int64(positions), 1, target + first, Int64(positions))
        }
      }
      activation?.apply(target, count * inner)
    }
  }

  // MARK: w from x and y

  /// Small weights are summed by several pieces, each over some of the bands, and the pieces then added; large ones
  /// are cut by channels.
  private var isSummedInParts: Bool { plan.groups * plan.filters * depth <= 64 << 10 }
  private var weightBytes: Int { (plan.groups * plan.filters * depth * 4 + 63) / 64 * 64 }
  private var parts: Int {
    let width = band(rows: depth)
    return min(8, plan.batch * ((positions + width - 1) / width))
  }
  private var weightBlock: Int { (plan.channels + 7) / 8 }

  func weightGradientWorkspace(threads: Int) -> Int {
    isSummedInParts
      ? parts * weightBytes + threads * columnBytes(rows: depth)
      : threads * columnBytes(rows: weightBlock * window.kernelCount)
  }

  func weightGradient(_ x: Operand<Float>, _ y: Operand<Float>, _ w: Operand<Float>, _ run: RunContext) {
    guard plan.batch > 0 else { return w.fill(0) }
    if isSummedInParts { weightGradientInParts(x, y, w, run) } else { weightGradientByChannels(x, y, w, run) }
  }

  private func weightGradientInParts(
    _ x: Operand<Float>, _ y: Operand<Float>, _ w: Operand<Float>, _ run: RunContext
  ) {
    let (groups, filters, channels) = (plan.groups, plan.filters, plan.channels)
    let width = band(rows: depth)
    let bands = (positions + width - 1) / width
    let (parts, weightBytes, bytes) = (parts, weightBytes, columnBytes(rows: depth))
    run.parallel(parts) { part, worker in
      guard let sums = scratch(run, part, weightBytes) else { return }
      let units = Self.part(part, of: parts, plan.batch * bands)
      for unit in units {
        let (sample, first) = (unit / bands, unit % bands * width)
        let last = min(positions, first + width)
        for group in 0..<groups {
          let image = sample * groups + group
          add(
            x.pointer + image * channels * window.inputCount, channels,
            y.pointer + image * filters * positions,
            first..<last, scratch(run, worker, bytes, after: parts * weightBytes),
            sums + group * filters * depth,
            isFirst: unit == units.lowerBound)
        }
      }
    }
    run.parallel(over: w.count, grain: 4096) { range in
      guard let base = run.workspace.baseAddress else { return }
      let target = w.pointer + range.lowerBound
      for part in 0..<parts {
        let sums = (base + part * weightBytes).assumingMemoryBound(to: Float.self) + range.lowerBound
        if part == 0 {
          target.update(from: sums, count: range.count)
        } else {
          isotach_accumulate(sums, target, Int64(range.count))
        }
      }
    }
  }

  private func weightGradientByChannels(
    _ x: Operand<Float>, _ y: Operand<Float>, _ w: Operand<Float>, _ run: RunContext
  ) {
    let (groups, filters, channels) = (plan.groups, plan.filters, plan.channels)
    let (kernel, block) = (window.kernelCount, weightBlock)
    let blocks = (channels + block - 1) / block
    let width = band(rows: block * kernel)
    let bytes = columnBytes(rows: block * kernel)
    run.parallel(groups * blocks) { piece, worker in
      let (group, firstChannel) = (piece / blocks, piece % blocks * block)
      let count = min(block, channels - firstChannel)
      for sample in 0..<plan.batch {
        let image = sample * groups + group
        for first in stride(from: 0, to: positions, by: width) {
          add(
            x.pointer + (image * channels + firstChannel) * window.inputCount, count,
            y.pointer + image * filters * positions, first..<min(positions, first + width),
            scratch(run, worker, bytes), w.pointer + group * filters * depth + firstChannel * kernel,
            isFirst: sample == 0 && first == 0)
        }
      }
    }
  }

  /// Adds to `w` what the output positions of a band contribute to the weights of some channels.
  private func add(
    _ x: UnsafeMutablePointer<Float>, _ channels: Int, _ y: UnsafeMutablePointer<Float>, _ range: Range<Int>,
    _ columns: UnsafeMutablePointer<Float>?, _ w: UnsafeMutablePointer<Float>, isFirst: Bool
  ) {
    var matrix = x + range.lowerBound
    var step = positions
    if let columns {
      var native = window.native
      isotach_im2col(&native, Int64(channels), x, Int64(range.lowerBound), Int64(range.upperBound), columns)
      (matrix, step) = (columns, range.count)
    }
    isotach_sgemm(
      0, 1, Int64(plan.filters), Int64(channels * window.kernelCount), Int64(range.count), 1,
      y + range.lowerBound, Int64(positions), matrix, Int64(step), isFirst ? 0 : 1, w, Int64(depth))
  }
}
