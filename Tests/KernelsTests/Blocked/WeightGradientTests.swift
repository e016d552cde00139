import Kernels
import Testing

@Suite struct WeightGradientTests {
  /// The gradient by the plain loops, and by a kernel.
  func check(
    _ one: ConvolutionCase, _ bound: Float,
    _ kernel: (inout isotach_convolution, inout isotach_blocked, inout isotach_blocked, inout [Float]) -> Void
  ) {
    let seeds = randomNumbers(one.images * one.filters * one.outHeight * one.outWidth, 6)
    var shape = one.shape
    var expected = [Float](
      repeating: .nan, count: one.filters * one.channels / one.groups * one.kernel.0 * one.kernel.1)
    isotach_weight_gradient_reference(&shape, one.x, seeds, &expected)
    for level in cpuLevels {
      atLevel(level) {
        let x = BlockedValue(
          one.x, channels: one.channels, images: one.images, height: one.height, width: one.width,
          halo: one.halo)
        let dy = BlockedValue(
          seeds, channels: one.filters, images: one.images, height: one.outHeight, width: one.outWidth,
          halo: (0, 1))
        var found = [Float](repeating: .nan, count: expected.count)
        kernel(&shape, &x.layout, &dy.layout, &found)
        #expect(relativeError(found, expected) < bound, "level \(level)")
      }
    }
  }

  static let small = WinogradTests.cases.filter { !$0.isTurned }

  @Test(arguments: small, [0, 1, 4]) func winograd(one: ConvolutionCase, chunks: Int64) {
    check(one, 1e-5) { shape, x, dy, dw in
      var plan = isotach_winograd_gradient()
      guard isotach_winograd_gradient_plan(&shape, &plan) == 1 else { return }
      // As planned; as many weights would be, in one chunk or several.
      if chunks > 0 {
        plan.parts = 0
        plan.chunk_tiles = (plan.forward.tiles + chunks - 1) / chunks
        plan.chunks = (plan.forward.tiles + plan.chunk_tiles - 1) / plan.chunk_tiles
      }
      var shared = [Float](repeating: .nan, count: Int(isotach_winograd_gradient_shared(&plan)))
      for phase in 0..<isotach_winograd_gradient_phases(&plan) {
        for piece in (0..<isotach_winograd_gradient_pieces(&plan, phase)).reversed() {
          isotach_winograd_gradient_run(&plan, phase, piece, &x, &dy, &dw, &shared)
        }
      }
    }
  }

  @Test(
    arguments: GeneralConvolutionTests.cases.filter { !$0.isTurned } + [
      // Several areas of an image and of a row; sums of many channels, a part at a time.
      ConvolutionCase(
        images: 3, channels: 20, filters: 70, height: 14, width: 13, kernel: (5, 5), before: (2, 2),
        after: (2, 2)),
      ConvolutionCase(channels: 16, filters: 17, height: 5, width: 199, stride: (2, 1), halo: (1, 1)),
      ConvolutionCase(images: 2, channels: 200, filters: 64, height: 7, width: 7, stride: (2, 2)),
    ])
  func general(one: ConvolutionCase) {
    check(one, 2e-6) { shape, x, dy, dw in
      var plan = isotach_general_gradient()
      guard isotach_general_gradient_plan(&shape, &plan) == 1 else { return }
      var shared = [Float](repeating: .nan, count: Int(isotach_general_gradient_shared(&plan)))
      for phase in 0..<isotach_general_gradient_phases(&plan) {
        for piece in (0..<isotach_general_gradient_pieces(&plan, phase)).reversed() {
          isotach_general_gradient_run(&plan, phase, piece, &x, &dy, &dw, &shared)
        }
      }
    }
  }

  static let plains =
    (GeneralConvolutionTests.cases + BorderConvolutionTests.firsts + BorderConvolutionTests.lasts).filter {
      !$0.isTurned && $0.groups == 1
    } + [
      // Several areas of a row, and parts that end within an image.
      ConvolutionCase(
        images: 3, channels: 2, filters: 7, height: 11, width: 203, kernel: (9, 9), before: (4, 4),
        after: (4, 4)),
      ConvolutionCase(
        images: 2, channels: 70, filters: 3, height: 5, width: 101, kernel: (1, 5), before: (0, 0),
        after: (0, 6)),
    ]

  /// From a plain x (the first convolution of a network) or a plain seed (the last).
  @Test(arguments: plains, [0, 1] as [CInt])
  func border(one: ConvolutionCase, isLast: CInt) {
    let seeds = randomNumbers(one.images * one.filters * one.outHeight * one.outWidth, 6)
    let numbers = isLast == 1 ? seeds : one.x
    let planes = isLast == 1 ? one.filters : one.channels
    let isPossible =
      planes * one.kernel.0 * one.kernel.1 <= 1024 && (isLast == 0 || one.stride == (1, 1))
    check(one, isPossible ? 2e-6 : .infinity) { shape, x, dy, dw in
      var plan = isotach_border_gradient()
      let isPlanned = isotach_border_gradient_plan(&shape, isLast, &plan) == 1
      #expect(isPlanned == isPossible)
      guard isPlanned else { return dw = dw.map { _ in 0 } }
      var shared = [Float](repeating: .nan, count: Int(isotach_border_gradient_shared(&plan)))
      for phase in 0..<isotach_border_gradient_phases(&plan) {
        for piece in (0..<isotach_border_gradient_pieces(&plan, phase)).reversed() {
          if isLast == 1 {
            isotach_border_gradient_run(
              &plan, phase, piece, numbers, Int64(numbers.count / one.images), &x, &dw, &shared)
          } else {
            isotach_border_gradient_run(
              &plan, phase, piece, numbers, Int64(numbers.count / one.images), &dy, &dw, &shared)
          }
        }
      }
    }
  }

  /// From a plain x and a plain seed.
  @Test(
    arguments: plains + [
      ConvolutionCase(
        images: 3, channels: 8, filters: 8, height: 32, width: 32, kernel: (5, 5), before: (0, 0),
        after: (0, 0)),
      // Bands of an image.
      ConvolutionCase(
        images: 2, channels: 9, filters: 5, height: 150, width: 130, kernel: (3, 3), before: (2, 0),
        after: (0, 2)),
    ])
  func planar(one: ConvolutionCase) {
    let (from, seeds) = (one.x, randomNumbers(one.images * one.filters * one.outHeight * one.outWidth, 6))
    let isPossible =
      one.stride == (1, 1) && one.filters * one.channels * one.kernel.0 * one.kernel.1 <= 4096
    check(one, isPossible ? 2e-6 : .infinity) { shape, x, dy, dw in
      var plan = isotach_planar_gradient()
      let isPlanned = isotach_planar_gradient_plan(&shape, &plan) == 1
      #expect(isPlanned == isPossible)
      guard isPlanned else { return dw = dw.map { _ in 0 } }
      var shared = [Float](repeating: .nan, count: Int(isotach_planar_gradient_shared(&plan)))
      for phase in 0..<Int64(2) {
        for piece in (0..<isotach_planar_gradient_pieces(&plan, phase)).reversed() {
          isotach_planar_gradient_run(&plan, phase, piece, from, seeds, &dw, &shared)
        }
      }
    }
  }

  @Test(arguments: BorderConvolutionTests.depthwises.filter { !$0.isTurned })
  func depthwise(one: ConvolutionCase) {
    check(one, 2e-6) { shape, x, dy, dw in
      var plan = isotach_depthwise()
      guard isotach_depthwise_plan(&shape, &plan) == 1 else { return }
      for block in 0..<x.blocks {
        isotach_depthwise_gradient(&plan, &x, &dy, &dw, block, block + 1)
      }
    }
  }

  @Test func bias() {
    let (images, channels, plane) = (3, 20, 5 * 7)
    let seeds = randomNumbers(images * channels * plane, 8)
    let dy = BlockedValue(seeds, channels: channels, images: images, height: 5, width: 7, halo: (1, 1))
    var found = [Float](repeating: .nan, count: channels)
    isotach_bias_gradient(&dy.layout, Int64(channels), &found, 1, 2)
    #expect(found[0].isNaN)
    isotach_bias_gradient(&dy.layout, Int64(channels), &found, 0, 1)
    let expected = (0..<channels).map { c in
      (0..<images).reduce(Float(0)) { sum, n in
        sum + seeds[(n * channels + c) * plane..<(n * channels + c + 1) * plane].reduce(0, +)
      }
    }
    #expect(relativeError(found, expected) < 1e-6)
  }
}
