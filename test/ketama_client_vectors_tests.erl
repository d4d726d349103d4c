%% Recorded answers of real clients, every set in test/data/rings: NAME.servers with NAME.options gives NAME.expected.
%% If there is a NAME.down, its servers are down.
-module(ketama_client_vectors_tests).

-include_lib("eunit/include/eunit.hrl").

%% Every dialect has a folder, except libketama, whose vectors are elsewhere, and spymemcached, which has only the
%% oracle.
every_folder_has_sets_test() ->
    Folders = lists:usort([filename:basename(filename:dirname(Set)) || Set <- sets()]),
    ?assertEqual(lists:sort(["eject" | dialects()] -- ["libketama", "spymemcached"]), Folders),
    ?assertEqual(Folders, lists:sort([filename:basename(F) || F <- filelib:wildcard(root() ++ "/*"), filelib:is_dir(F)])).

sets_test_() ->
    [{string:prefix(Set, root()), fun() -> agrees(Set) end} || Set <- sets()].

agrees(Set) ->
    {ok, [Options]} = file:consult(Set ++ ".options"),
    {ok, All} = ketama_test:quietly(fun() -> ketama:new(Set ++ ".servers", Options) end),
    Continuum =
        case file:read_file(Set ++ ".down") of
            {ok, Down} ->
                {ok, Others} = ketama:without(All, binary:split(Down, <<"\n">>, [global, trim_all])),
                Others;
            {error, enoent} ->
                All
        end,
    {Keys, Servers} = lists:unzip([answer(Line) || Line <- ketama_test:lines(Set ++ ".expected")]),
    ?assert(length(Keys) > 400),
    ?assertEqual(Servers, [ketama:getserver(Continuum, Key) || Key <- Keys]),
    ?assertEqual(Servers, ketama:getservers(Continuum, Keys)),
    ?assertEqual([[Server] || Server <- Servers], [ketama:replicas(Continuum, Key, 1) || Key <- Keys]).

%% The server is after the last tab, since a key may contain a tab.
answer(Line) ->
    {At, 1} = lists:last(binary:matches(Line, <<"\t">>)),
    <<Key:At/binary, $\t, Server/binary>> = Line,
    {Key, Server}.

dialects() ->
    [atom_to_list(Dialect) || {Dialect, _} <- ketama_nif:dialects()].

sets() ->
    [filename:rootname(File) || File <- filelib:wildcard(root() ++ "/*/*.options")].

root() ->
    ketama_test:data("rings", "").

%% Every hash of every key, by the library and by the oracle.
hashes_test_() ->
    [Head | Lines] = [
        binary:split(Line, <<"\t">>, [global])
     || Line <- ketama_test:lines(ketama_test:data("rings", "hashes.tsv"))
    ],
    Rows = [{binary:decode_hex(Key), Hashes} || [Key | Hashes] <- Lines],
    ?assert(length(Rows) >= 400),
    [
        {atom_to_list(Hash), fun() ->
            {ok, Continuum} = ketama:new([{"a", 1}], #{dialect => Dialect, hash => Hash}),
            [
                begin
                    Expected = binary_to_integer(lists:nth(Column, Hashes)),
                    ?assertEqual({Key, Expected}, {Key, ketama:hash(Continuum, Key)}),
                    ?assertEqual({Key, Expected}, {Key, ketama_oracle:hash_by(Hash, Key)})
                end
             || {Key, Hashes} <- Rows
            ]
        end}
     || {Column, Name} <- lists:zip(lists:seq(1, length(tl(Head))), tl(Head)),
        Hash <- [binary_to_atom(Name)],
        Dialect <- [case Hash of murmur3 -> folsom; _ -> modula end]
    ].

%% An earlier collection of libmemcached's own answers.
libmemcached_vectors_test_() ->
    Vectors = ketama_test:vectors("libmemcached"),
    [?_assertEqual(7, length(Vectors)) | [{Name, fun() -> vector(Name) end} || Name <- Vectors]].

vector(Name) ->
    {ok, Continuum} = ketama:new(
        ketama_test:data("libmemcached", Name ++ ".servers"), #{dialect => libmemcached}
    ),
    Answers = [
        <<Key/binary, $\t, (ketama:getserver(Continuum, Key))/binary>>
     || Key <- ketama_test:lines(ketama_test:data("libmemcached", "keys.txt"))
    ],
    ?assertEqual(ketama_test:lines(ketama_test:data("libmemcached", Name ++ ".expected")), Answers).
