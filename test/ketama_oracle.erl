%% The clients' rings in plain Erlang, written to be read. The tests compare the NIF with it.
%%
%% A ring is {Points, Options}: a tuple of {Point, Server}, ascending, and the options that made it.
-module(ketama_oracle).

-export([new/1, new/2, of_points/1, points/1, getserver/2, point/2, hash/2, hash_by/2]).

new(Servers) ->
    new(Servers, #{}).

new(Servers, Options) ->
    Dialect = maps:get(dialect, Options, libketama),
    All = Options#{dialect => Dialect, hash => maps:get(hash, Options, default_hash(Dialect))},
    %% keysort is stable: among equal points, the one of the first server in this order comes first.
    Points = lists:keysort(1, points_of(All, in_order(Dialect, [{iolist_to_binary(N), W} || {N, W} <- Servers]))),
    {list_to_tuple(settled(Dialect, Points)), All}.

%% Makes libketama's ring from its points.
of_points(Points) ->
    {list_to_tuple(Points), #{dialect => libketama, hash => md5}}.

%% Returns the points in the client's own order.
points({Points, #{dialect := folsom}}) ->
    {Positive, Negative} = lists:splitwith(fun({Point, _}) -> Point < 16#80000000 end, tuple_to_list(Points)),
    Negative ++ Positive;
points({Points, _}) ->
    tuple_to_list(Points).

getserver(Ring, Key) ->
    {_, Server} = point(Ring, Key),
    Server.

%% Returns the point of a key by the client's rule.
point({Points, #{dialect := Dialect}} = Ring, Key) ->
    Hash = hash(Ring, Key),
    Size = tuple_size(Points),
    {Lowest, _} = element(1, Points),
    case Dialect of
        %% The last point that is not above the hash.
        dalli ->
            case Hash < Lowest of
                true -> highest(Points);
                false -> last_below(Hash + 1, Points)
            end;
        uhashring ->
            at(first(Points, Hash + 1, 1, Size + 1), Points);
        folsom ->
            by_sign(Hash, points(Ring));
        _ when Dialect =:= enyim; Dialect =:= enyim_default; Dialect =:= enyim_core ->
            case Hash < Lowest of
                true -> highest(Points);
                false -> at(first(Points, Hash, 1, Size + 1), Points)
            end;
        pecl_memcache ->
            at(first(Points, (Hash rem 1024) * 4194303, 1, Size + 1), Points);
        modula ->
            at(1 + Hash rem Size, Points);
        %% The first point that is not below the hash, or the first of all.
        _ ->
            at(first(Points, Hash, 1, Size + 1), Points)
    end.

at(Past, Points) when Past > tuple_size(Points) -> element(1, Points);
at(Index, Points) -> element(Index, Points).

first(_Points, _Place, Low, Low) ->
    Low;
first(Points, Place, Low, High) ->
    Middle = (Low + High) div 2,
    case element(1, element(Middle, Points)) < Place of
        true -> first(Points, Place, Middle + 1, High);
        false -> first(Points, Place, Low, Middle)
    end.

highest(Points) ->
    last_below(16#100000000, Points).

%% Returns the first of the points that share the highest value below this one.
last_below(Value, Points) ->
    Past = tuple_size(Points) + 1,
    {Highest, _} = element(first(Points, Value, 1, Past) - 1, Points),
    element(first(Points, Highest, 1, Past), Points).

by_sign(Hash, [First | _] = Points) ->
    case [Point || {Value, _} = Point <- Points, int32(Value) >= int32(Hash)] of
        [] -> First;
        [Found | _] -> Found
    end.

int32(Word) ->
    <<Signed:32/signed>> = <<Word:32>>,
    Signed.

%% The dialects.

default_hash(twemproxy) -> fnv1a_64;
default_hash(libmemcached_consistent) -> one_at_a_time;
default_hash(modula) -> one_at_a_time;
default_hash(enyim_default) -> fnv0a_32_unsigned;
default_hash(enyim_core) -> fnv1a_32_unsigned;
default_hash(folsom) -> murmur3;
default_hash(D) when D =:= dalli; D =:= nginx; D =:= cache_memcached_fast; D =:= pecl_memcache -> crc32;
default_hash(_) -> md5.

%% The servers in the order in which they win a point that they share.
in_order(D, Servers) when D =:= spymemcached; D =:= dalli; D =:= uhashring; D =:= folsom;
                          D =:= enyim; D =:= enyim_default; D =:= enyim_core ->
    lists:reverse(Servers);
in_order(twemproxy, Servers) ->
    sort_by(fun({Name, _}) -> Label = label(twemproxy, Name), {byte_size(Label), Label} end, Servers);
in_order(xmemcached, Servers) ->
    sort_by(fun({Name, _}) -> label(xmemcached, Name) end, Servers);
in_order(_, Servers) ->
    Servers.

sort_by(Fun, List) ->
    lists:sort(fun(A, B) -> Fun(A) =< Fun(B) end, List).

%% In xmemcached a point's value decides which of the servers that share it wins.
settled(xmemcached, [{Value, _} | _] = Points) ->
    {Same, Rest} = lists:splitwith(fun({V, _}) -> V =:= Value end, Points),
    {Losers, Winners} = lists:split(Value rem length(Same), Same),
    Winners ++ Losers ++ settled(xmemcached, Rest);
settled(_, Points) ->
    Points.

points_of(#{dialect := modula}, Servers) ->
    Slots = lists:append([lists:duplicate(Weight, Name) || {Name, Weight} <- Servers]),
    lists:zip(lists:seq(0, length(Slots) - 1), Slots);
points_of(#{dialect := Dialect} = Options, Servers) ->
    N = length(Servers),
    Weights = [Weight || {_, Weight} <- Servers],
    [
        {Point, Name}
     || {Name, Weight} <- Servers,
        Count <- [labels(Dialect, Weight, Weights, N, Options)],
        Point <- server_points(Dialect, Options, label(Dialect, Name), Count)
    ].

server_points(folsom, _, Name, Count) ->
    chain(fun(Last) -> hash_by(murmur3, Last) end, Name, Count);
server_points(D, _, Name, Count) when D =:= nginx; D =:= cache_memcached_fast ->
    Base =
        case re:run(Name, "^(.*):([0-9]*)$", [{capture, all_but_first, binary}]) of
            {match, [Host, Port]} -> <<Host/binary, 0, Port/binary>>;
            nomatch -> <<Name/binary, 0>>
        end,
    chain(fun(Last) -> erlang:crc32([Base, Last]) end, <<0:32>>, Count);
server_points(Dialect, #{hash := Hash}, Name, Count) ->
    lists:append([
        label_points(Dialect, Hash, I, spell(Dialect, Name, integer_to_binary(I)))
     || I <- lists:seq(0, Count - 1)
    ]).

chain(_Hash, _Last, 0) ->
    [];
chain(Hash, Last, Count) ->
    Point = Hash(Last),
    [Point | chain(Hash, <<Point:32/little>>, Count - 1)].

spell(dalli, Name, I) -> <<Name/binary, $:, I/binary>>;
spell(enyim_core, Name, I) -> <<I/binary, $-, Name/binary>>;
spell(_, Name, I) -> <<Name/binary, $-, I/binary>>.

label_points(libmemcached_consistent, Hash, _, Label) -> [hash_by(Hash, Label)];
label_points(pecl_memcache, Hash, _, Label) -> [hash_by(Hash, Label)];
label_points(dalli, _, _, Label) -> <<Point:32, _/binary>> = crypto:hash(sha, Label), [Point];
label_points(enyim_default, _, 0, Label) -> [hash_by(fnv0a_32_unsigned, Label)];
label_points(D, _, _, Label) when D =:= enyim_default; D =:= enyim_core -> [hash_by(fnv1a_32_unsigned, Label)];
label_points(_, _, _, Label) -> words(erlang:md5(Label)).

label(spymemcached, Name) ->
    re:replace(Name, "^/", "", [{return, binary}]);
label(xmemcached, Name) ->
    case binary:match(Name, <<"/">>) of
        nomatch -> <<$/, Name/binary>>;
        _ -> Name
    end;
label(D, Name) when D =:= libmemcached; D =:= libmemcached_consistent; D =:= twemproxy; D =:= node_memcached ->
    re:replace(Name, ":11211$", "", [{return, binary}]);
label(_, Name) ->
    Name.

labels(D, Weight, _, _, _) when D =:= nginx; D =:= pecl_memcache -> 160 * Weight;
labels(cache_memcached_fast, Weight, _, _, Options) -> maps:get(ketama_points, Options, 150) * Weight;
labels(xmemcached, Weight, _, _, _) -> 40 * Weight;
labels(enyim, _, _, _, _) -> 40;
labels(D, _, _, _, _) when D =:= enyim_default; D =:= enyim_core; D =:= folsom -> 100;
labels(D, Weight, Weights, N, _) when D =:= hashring; D =:= node_memcached ->
    trunc(Weight / lists:sum(Weights) * 40 * N);
labels(dalli, Weight, Weights, N, _) -> trunc(N * 160 * Weight / lists:sum(Weights));
labels(uhashring, Weight, Weights, N, _) -> (40 * N * Weight) div lists:sum(Weights);
labels(Dialect, Weight, Weights, N, _) -> labels(Dialect, Weight, Weights, N).

%% Each client's mix of float and double. Exact for weights below 2^53, which a double holds.
labels(libmemcached_consistent, _Weight, _Weights, _N) ->
    100;
labels(spymemcached, Weight, Weights, N) ->
    case lists:usort(Weights) of
        [Weight] -> 40;
        _ -> labels(twemproxy, Weight, Weights, N)
    end;
labels(Dialect, Weight, Weights, N) ->
    Part = float32(float32(Weight) / float32(lists:sum(Weights))),
    Single = float32(float32(float32(Part * 160) / 4) * N),
    trunc(
        float32(
            case Dialect of
                libketama -> Part * 40.0 * float32(N);
                libmemcached -> Single + float32(1.0e-10);
                twemproxy -> Single + 1.0e-10
            end
        )
    ).

float32(Number) ->
    <<Float:32/float>> = <<Number:32/float>>,
    Float.

%% The key hashes of libmemcached and twemproxy.

hash({_, #{hash := Hash} = Options}, Key) ->
    hash_by(Hash, tag(Options, iolist_to_binary(Key))).

tag(#{hash_tag := <<Open, Close>>}, Key) ->
    %% A closing byte counts only after the first opening one.
    case binary:split(Key, <<Open>>) of
        [_, Rest] ->
            case binary:split(Rest, <<Close>>) of
                [Part, _] when Part =/= <<>> -> Part;
                _ -> Key
            end;
        [_] ->
            Key
    end;
tag(_, Key) ->
    Key.

hash_by(md5, Key) -> hd(words(erlang:md5(Key)));
hash_by(crc32, Key) -> erlang:crc32(Key);
hash_by(crc15, Key) -> (erlang:crc32(Key) bsr 16) band 16#7FFF;
hash_by(crc16, Key) -> fold(fun crc16/2, 0, Key);
hash_by(fnv1_32, Key) -> fnv1(Key, 16#811C9DC5, 16#01000193);
hash_by(fnv1a_32, Key) -> fnv1a(Key, 16#811C9DC5, 16#01000193);
hash_by(fnv1_64, Key) -> fnv1(Key, 16#CBF29CE484222325, 16#100000001B3);
hash_by(fnv1a_64, Key) -> fnv1a(Key, 16#84222325, 16#1B3);
hash_by(one_at_a_time, Key) ->
    H1 = fold(fun(Byte, H) -> xor_right(add_left(word(H + signed(Byte)), 10), 6) end, 0, Key),
    add_left(xor_right(add_left(H1, 3), 11), 15);
hash_by(murmur, Key) -> murmur(Key, word(16#DEADBEEF * byte_size(Key)) bxor byte_size(Key));
hash_by(hsieh, Key) -> hsieh(Key, 0);
hash_by(fnv1a_32_unsigned, Key) -> fold(fun(Byte, H) -> word((H bxor Byte) * 16#01000193) end, 16#811C9DC5, Key);
hash_by(fnv0a_32_unsigned, Key) -> fold(fun(Byte, H) -> word((H bxor Byte) * 16#01000193) end, 0, Key);
hash_by(murmur3, Key) -> murmur3(Key, 0, byte_size(Key));
hash_by(jenkins, Key) ->
    Start = word(16#DEADBEEF + byte_size(Key) + 13),
    jenkins(Key, {Start, Start, Start}).

word(N) -> N band 16#FFFFFFFF.

%% C's char has a sign.
signed(Byte) when Byte < 128 -> Byte;
signed(Byte) -> Byte - 256.

fold(Fun, First, Key) -> lists:foldl(Fun, First, binary_to_list(Key)).

add_left(H, Bits) -> word(H + (H bsl Bits)).
add_right(H, Bits) -> word(H + (H bsr Bits)).
xor_left(H, Bits) -> word(H bxor (H bsl Bits)).
xor_right(H, Bits) -> H bxor (H bsr Bits).
rotate(H, Bits) -> word(H bsl Bits) bor (H bsr (32 - Bits)).

fnv1(Key, Start, Prime) ->
    word(fold(fun(Byte, H) -> ((H * Prime) band 16#FFFFFFFFFFFFFFFF) bxor (signed(Byte) band 16#FFFFFFFFFFFFFFFF) end, Start, Key)).

fnv1a(Key, Start, Prime) ->
    fold(fun(Byte, H) -> word((H bxor signed(Byte)) * Prime) end, Start, Key).

%% The upper half of the register is never cleared.
crc16(Byte, H) ->
    word(H bsl 8) bxor lists:foldl(fun(_, Crc) -> crc16_bit(Crc) end, (((H bsr 8) bxor Byte) band 255) bsl 8, lists:seq(1, 8)).

crc16_bit(Crc) when Crc band 16#8000 =:= 0 -> (Crc bsl 1) band 16#FFFF;
crc16_bit(Crc) -> ((Crc bsl 1) bxor 16#1021) band 16#FFFF.

-define(M, 16#5BD1E995).

murmur(<<Word:32/little, Rest/binary>>, H) ->
    K = word(Word * ?M),
    murmur(Rest, word(H * ?M) bxor word(xor_right(K, 24) * ?M));
murmur(<<>>, H) ->
    xor_right(word(xor_right(H, 13) * ?M), 15);
murmur(Tail, H) ->
    Size = 8 * byte_size(Tail),
    <<Word:Size/little>> = Tail,
    murmur(<<>>, word((H bxor Word) * ?M)).

murmur3(<<Word:32/little, Rest/binary>>, H, Size) ->
    murmur3(Rest, word(rotate(H bxor scramble(Word), 13) * 5 + 16#E6546B64), Size);
murmur3(Tail, H, Size) ->
    Bits = bit_size(Tail),
    <<Word:Bits/little>> = Tail,
    H1 = H bxor scramble(Word) bxor Size,
    xor_right(word(xor_right(word(xor_right(H1, 16) * 16#85EBCA6B), 13) * 16#C2B2AE35), 16).

scramble(Word) -> word(rotate(word(Word * 16#CC9E2D51), 15) * 16#1B873593).

hsieh(<<A:16/little, B:16/little, Rest/binary>>, H) ->
    H1 = word(H + A),
    hsieh(Rest, add_right(word((H1 bsl 16) bxor ((B bsl 11) bxor H1)), 11));
hsieh(<<A:16/little, B>>, H) ->
    H1 = word(H + A),
    hsieh(<<>>, add_right(word(H1 bxor (H1 bsl 16) bxor (signed(B) bsl 18)), 11));
hsieh(<<A:16/little>>, H) ->
    hsieh(<<>>, add_right(xor_left(word(H + A), 11), 17));
hsieh(<<A>>, H) ->
    hsieh(<<>>, add_right(xor_left(word(H + A), 10), 1));
hsieh(<<>>, H) ->
    add_right(xor_left(add_right(xor_left(add_right(xor_left(H, 3), 5), 4), 17), 25), 6).

jenkins(<<>>, {_, _, C}) ->
    C;
jenkins(<<A1:32/little, B1:32/little, C1:32/little, Rest/binary>>, {A, B, C}) when Rest =/= <<>> ->
    %% Each step subtracts, then turns a, b and c by one place.
    {A2, B2, C2} = lists:foldl(
        fun(Bits, {X, Y, Z}) ->
            X1 = word(X - Z) bxor rotate(Z, Bits),
            {Y, word(Z + Y), X1}
        end,
        {word(A + A1), word(B + B1), word(C + C1)},
        [4, 6, 8, 16, 19, 4]
    ),
    jenkins(Rest, {A2, B2, C2});
jenkins(Tail, {A, B, C}) ->
    Zeros = 8 * (12 - byte_size(Tail)),
    <<A1:32/little, B1:32/little, C1:32/little>> = <<Tail/binary, 0:Zeros>>,
    final({word(A + A1), word(B + B1), word(C + C1)}).

final({A, B, C}) ->
    C1 = word((C bxor B) - rotate(B, 14)),
    A1 = word((A bxor C1) - rotate(C1, 11)),
    B1 = word((B bxor A1) - rotate(A1, 25)),
    C2 = word((C1 bxor B1) - rotate(B1, 16)),
    A2 = word((A1 bxor C2) - rotate(C2, 4)),
    B2 = word((B1 bxor A2) - rotate(A2, 14)),
    word((C2 bxor B2) - rotate(B2, 24)).

words(Digest) ->
    [Word || <<Word:32/little>> <= Digest].
