/**
 * The reduction of large arguments by π/2, one lane at a time: m·2^e times a window of the bits of 2/π, in integers.
 *
 * The window starts where the multiples of 4 end, so the product's top two bits are the quadrant and the next 126 its fraction.
 * The closest any f64 comes to a multiple of π/2 costs 62 of them.
 */
import { TWO_OVER_PI_BITS } from '../../../portable/coefficients.ts';
import type { FunctionWriter, Local } from '../assembler.ts';

const WORDS = 19;

/** The index of a helper (f64 x) → (f64 r, f64 low, i64 quadrant) with |x| = quadrant·π/2 + r + low; NaN for ±∞ and NaN. */
export function payneHanek(w: FunctionWriter): number {
  return w.module.helper('payne-hanek', ['f64'], ['f64', 'f64', 'i64'], reduceLarge);
}

/** (i64 a, i64 b) → the upper 64 bits of their unsigned product, from four products of halves. */
function upperProduct(w: FunctionWriter): number {
  return w.module.helper('upper-product', ['i64', 'i64'], ['i64'], (f, a, b) => {
    const low = (x: Local) => f.get(x).i64.const(0xffffffff).i64.and();
    const high = (x: Local) => f.get(x).i64.const(32).i64.shr_u();
    const cross = f.local('i64');
    const times = (p: () => unknown, q: () => unknown) => f.push(p).push(q).i64.mul();
    times(
      () => high(a),
      () => low(b),
    );
    times(
      () => low(a),
      () => low(b),
    )
      .i64.const(32)
      .i64.shr_u()
      .i64.add()
      .set(cross); // < 2⁶⁴, carries included
    times(
      () => high(a),
      () => high(b),
    );
    high(cross).i64.add();
    times(
      () => low(a),
      () => high(b),
    );
    low(cross).i64.add().i64.const(32).i64.shr_u().i64.add();
  });
}

/** (i32 i) → the i-th word of 0.000…(64 zeros) 2/π, the most significant first. */
function wordOfTwoOverPi(w: FunctionWriter): number {
  return w.module.helper('two-over-pi', ['i32'], ['i64'], (f, index) => {
    f.i64.const(0);
    for (let i = 1; i <= WORDS; i++) {
      const word = BigInt.asIntN(64, TWO_OVER_PI_BITS >> BigInt(64 * (WORDS - i)));
      f.i64.const(word).get(index).i32.const(i).i32.ne().select();
    }
  });
}

function reduceLarge(w: FunctionWriter, x: Local): void {
  const bits = w.get(x).i64.reinterpret_f64().i64.const(0x7fffffffffffffffn).i64.and().pop('i64');
  w.get(bits).i64.const(0x7ff0000000000000n).i64.ge_u();
  w.if(() => w.f64.const(NaN).f64.const(NaN).i64.const(0).return());
  const [high, low] = fractionOf(w, bits);
  const quadrant = w
    .get(high)
    .i64.const(1n << 61n)
    .i64.add()
    .i64.const(62)
    .i64.shr_u()
    .pop('i64');
  w.get(high).get(quadrant).i64.const(62).i64.shl().i64.sub().set(high);
  const unit = w.f64.const(1).pop('f64');
  w.get(high).i64.const(0).i64.lt_s();
  w.if(() => {
    w.f64.const(-1).set(unit);
    w.i64.const(0).get(low).i64.sub().set(low);
    w.get(high).i64.const(-1).i64.xor().get(low).i64.eqz().i64.extend_i32_u().i64.add().set(high);
  });
  timesHalfPi(w, high, low, unit);
  w.get(quadrant);
}

/** The 128 bits of m·window behind the multiples of 4. */
function fractionOf(w: FunctionWriter, bits: Local): readonly [Local, Local] {
  const upper = upperProduct(w);
  const m = w
    .get(bits)
    .i64.const(0xfffffffffffffn)
    .i64.and()
    .i64.const(1n << 52n)
    .i64.or()
    .pop('i64');
  const start = w
    .get(bits)
    .i64.const(52)
    .i64.shr_u()
    .i32.wrap_i64()
    .i32.const(62 - 1075)
    .i32.add()
    .pop('i32');
  const windows = [0, 1, 2].map((i) => windowWord(w, start, i));
  const low = w.local('i64');
  const high = w.local('i64');
  const product = w.get(m).get(windows[1]!).i64.mul().pop('i64');
  w.get(product).get(m).get(windows[2]!).call(upper).i64.add().set(low);
  w.get(m).get(windows[0]!).i64.mul();
  w.get(m).get(windows[1]!).call(upper).i64.add();
  w.get(low).get(product).i64.lt_u().i64.extend_i32_u().i64.add().set(high);
  return [high, low];
}

/** 64 bits of 2/π from bit start + 64·i on. */
function windowWord(w: FunctionWriter, start: Local, i: number): Local {
  const word = wordOfTwoOverPi(w);
  const at = (offset: number) =>
    w
      .get(start)
      .i32.const(6)
      .i32.shr_u()
      .i32.const(i + offset)
      .i32.add()
      .call(word);
  const within = () => w.get(start).i32.const(63).i32.and().i64.extend_i32_u();
  at(0);
  within().i64.shl();
  at(1).i64.const(1).i64.shr_u().i64.const(63);
  within().i64.sub().i64.shr_u();
  return w.i64.or().pop('i64');
}

/** Pushes ±(high, low)·2⁻¹²⁶·π/2 as r and its remainder. */
function timesHalfPi(w: FunctionWriter, high: Local, low: Local, sign: Local): void {
  const zeros = w.get(high).i64.clz().pop('i64');
  w.get(high).get(zeros).i64.shl();
  w.get(low).i64.const(1).i64.shr_u().i64.const(63).get(zeros).i64.sub().i64.shr_u().i64.or();
  const product = w.i64.const(BigInt.asIntN(64, 0xc90fdaa22168c234n)).call(upperProduct(w)).pop('i64'); // π/2 in units of 2⁻⁶³
  w.i64
    .const(1023 - 61)
    .get(zeros)
    .i64.sub()
    .i64.const(52)
    .i64.shl()
    .f64.reinterpret_i64();
  w.get(sign).f64.mul().set(sign);
  w.get(product).i64.const(-2048).i64.and().f64.convert_i64_u().get(sign).f64.mul();
  w.get(product).i64.const(2047).i64.and().f64.convert_i64_u().get(sign).f64.mul();
}
