"""Words that tell mathematics, deduction and programming, by which `udfs.structure.kernel` counts.

Blanks stand between the entries. One that ends in ``*`` is the beginning of a word. In scripts without blanks between words
an entry
is two code points, and is found wherever they stand side by side. Words of mathematics and of programming are looked for in every
text, since most of them are the same in many languages; words of deduction only in texts of their language, because many mean
something else in another one (German ``also``, French ``soit``). All are in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MATHEMATICS: Final = """
abelian algebr* antiderivat* antisymmetr* arccos* arcsin* arctan* arithmet* associativ* asymptot* automorph* axiom* banach*
bessel* bijecti* binom* bipartit* calculus cardinalit* cartesian* cauchy* chebyshev* cholesky* chromatic* codimension*
coeffici* coefic* cohomolog* cofactor* combinatori* commutativ* conjectur* conjugacy* continuous* convergen* convex*
coordinat* corollar* coset* cosine* cosinus* covarian* cubic* curvatur* cyclotom* degree* denominator* determinant* diagonali*
diagonal diffeomorph* differential* dimension* dirichlet* divergen* divisib* divisor* eigenval* eigenvec* ellipti* endomorph*
epsilon equation* euclid* euler* exponentia* factorial* factoriz* factoris* fibonacci* finite fourier* fractal* fraction*
galois* gamma gaussian* gcd gegenbauer* geodes* geometr* gradient* groupoid* hamiltonian* hermit* hessian* hilbert*
homeomorph* homolog* homomorph* hyperbol* hypergeom* hypothes* idempotent* identit* inequalit* infimum infinit* injectiv*
integer* integrand* integral* integrat* interpolat* invariant* invertib* irrational* irreducib* isometr* isomorph* jacobi*
kronecker* krylov* lagrang* laguerre* laplac* lattice* laurent* lcm legendre* lemma* linear* logarithm* lyapunov* manifold*
markov* math* matric* matrix* matroid* median* metric* minim* modular* modulo modulus monoid* monomial* monotoni* morphism*
multinomial* multiplicat* multivariat* newton* nilpotent* nonlinear* nonzero norm norms numerator* ode odes operad*
orthogonal* orthonormal* parabol* partition* pde perimeter* permutation* piecewise poisson* polygon* polyhedr* polynom*
polytop* poset* positive prime primes probabilit* projective* pseudoinvers* pythagor* quadrat* quantile* quaternion* quotient*
radian* radius rational* real reciprocal* recurren* recursi* regression* residue* resultant* riemann* root roots scalar*
semigroup* sigma simplex* simplicial* sine sinus skewness spheric* spline* stochast* subgroup* subring* subspace* sum summand*
summation* supremum surjectiv* symmetr* tangent* taylor* tensor* theorem* topolog* transcendent* transpos* trigonom*
unimodular* unitar* univariat* variance* vandermonde* vertex vertices wronskian zeros zeta ableitung* beweis* bruch* ebene*
eigenwert* ganzzahl* gleichung* grenzwert* körper* lösung* nullstell* primzahl* satz stetig* summe* teiler* unendlich*
unbekannte* vektor* winkel* wurzel* zahl* anneau* dérivé* démonstr* égalité* entier* équation* fonction* intégr* nombre*
polynôme* racine* théorèm* vecteur* algèbr* álgebr* anillo* derivad* ecuaci* entero* matriz* número* polinom* polinôm* raíces
raíz teorem* equaç* inteiro* anéis anel vetor* matemát* matemat* equazion* derivat* numeri radic* vettor* алгебр* вектор*
дифференц* дроб* доказ* интеграл* коэффициент* корн* логарифм* математ* матриц* многочлен* кольц* полином* производн* простых
теорем* уравнен* функци* числ* целых εξίσωσ* πίνακα* ολοκλήρωμ* πολυώνυμ* παράγωγ* μαθηματικ* θεώρημ* समीकरण* गणित* लघुगणक*
आव्यूह* व्युत्क्रम* 정리 증명* 행렬* 방정식* 적분* 미분* 다항식* 대수* 함수* معادل* رياضي* مصفوف* تكامل* 数学 數學 定理 证明
證明 証明 行列 矩阵 矩陣 方程 积分 積分 微分 代数
代數 多项 多項 整数 整數 素数 質數 有理 群论 群論 係数 系数 係數 対数 对数 對數 确率 確率 概率 機率 数式 数列 級数 级数 複素
复数 複數 幾何 几何
"""

PROGRAMMING: Final = """
abort* alloc* api apis arg argc args argument arguments argv array arrays assert* async asynchron* attribute attributes await
bitwise bool boolean buffer* bytecode bytes callable callback* cast char class classes cmake codec* compil* const constexpr
constructor* coroutine* decorator* def deprecated deref* deserializ* destructor* dict dtype encod* endif enum* errno
exception* exec* extern false float fn foreach func function functions getter* header headers html http* identifier* impl
implement* import* inherit* init inline instance* instantiat* int interface* invok* ioctl iter* java* json kernel keyword*
lambda lexer* lib libc library linker llvm lvalue macro macros malloc member members method methods module modules mutab*
mutex* namespace* nil none noexcept null nullptr object objects operand* overload* param parameter parameters params parse*
pointer pointers private prototype* protected public python qual* raise raised raises regex* return returned returning returns
runtime self serializ* setter* shell signature* sizeof sql stack static std stderr stdin stdout str string strings struct
structs subclass* subroutine* substring* syntax template templates thread* throw* token tokens trait traits true try tuple*
type typedef typename types uint* union unsafe unsigned utf var variable variables vec virtual void wchar* whitespace xml
yield*
"""

DEDUCTION: Final[Mapping[str, str]] = {
    "en": (
        "therefore hence thus suppose supposing assuming implies imply implied iff whence whenever wherein deduc* "
        "theorem* lemma* corollar* proposition* contradict* conversely induction* proof* prove* proving satisf* denote* "
        "arbitrary respectively equivalen* trivial* consequently sufficient* necessar* definition* conjectur* hold* "
        "follows exist* unique* defined obtain*"
    ),
    "de": (
        "also folglich daher somit sei seien beweis* angenommen satz gilt daraus ergibt widerspruch* voraussetzung* "
        "annahme* lemma genau definier* existier* eindeutig* berechn*"
    ),
    "fr": (
        "donc ainsi supposons soit soient preuve* démontr* théorèm* lemme* corollaire* alors hypothèse* implique* défini* existe"
    ),
    "es": "entonces luego supong* sea sean demostr* teorema* lema* corolario* implica* tanto definid* existe satisfac*",
    "pt": "então portanto suponh* seja sejam demonstr* teorema* lema* corolário* implica* logo definid* existe satisfaz*",
    "it": "quindi dunque allora supponi* sia siano dimostr* teorema* lemma* corollar* implica* definit* esiste",
    "ru": "следовательно значит поэтому пусть предположим доказ* теорем* лемм* следстви* тогда определ* существу*",
    "uk": "отже нехай припустимо доведе* теорем* лем* наслід* тоді",
    "pl": "zatem więc dowód* dowod* twierdzen* załóżmy niech wynika lemat*",
    "nl": "dus stel bewijs* stelling* daarom gegeven volgt",
    "sv": "alltså bevis* sats antag därför följer",
    "tr": "öyleyse kanıt* teorem* varsay* dolayısıyla",
    "el": "άρα έστω απόδειξ* θεώρημ* επομένως ορίζ*",
    "hi": "इसलिए अतः मान प्रमेय* सिद्ध",
    "ko": "따라서 그러므로 증명* 정리* 가정* 정의*",
    "vi": "vậy suy giả chứng định",
    "zh": "因此 所以 假设 假設 设有 证明 證明 定理 引理 推论 推論 由于 由於 从而 從而 即可 满足 滿足 定义 定義",
    "ja": "証明 定理 補題 仮定 従っ 示す 定義 満た ゆえ",
}
"""By language; a language that is not listed is read by the English ones."""
