%% Loading modules while continua are in use: `ketama' can be reloaded, `ketama_nif' cannot, and the .appup agrees.
-module(ketama_loading_tests).

-include_lib("eunit/include/eunit.hrl").

-export([hot_load/0]).

-define(SERVERS(N), [{integer_to_binary(I), 1} || I <- lists:seq(1, N)]).

%% Reloads `ketama' twice while continua are asked, in a VM of its own, since this one's modules may be compiled for
%% coverage.
hot_load_test_() ->
    {timeout, 300, fun() ->
        Folders = [ketama_test:ebin(), filename:dirname(code:which(?MODULE))],
        ?assertEqual("done", ketama_test:erl(Folders, "ketama_loading_tests:hot_load()"))
    end}.

hot_load() ->
    {ok, Continuum} = ketama:new(?SERVERS(10)),
    ignore = ketama:start_link(?SERVERS(10)),
    Server = ketama:getserver(Continuum, "k"),
    Reader = spawn_link(fun Read() -> Server = ketama:getserver("k"), Read() end),
    [
        begin
            ?assertEqual({module, ketama}, code:load_file(ketama)),
            ?assertEqual(Server, ketama:getserver(Continuum, "k")),
            ?assertEqual(Server, ketama:getserver("k")),
            code:soft_purge(ketama)
        end
     || _ <- [1, 2]
    ],
    ?assert(is_process_alive(Reader)),
    io:put_chars("done").

%% Loading the library's module a second time fails, and the first keeps working.
nif_module_stays_test() ->
    {ok, Continuum} = ketama:new(?SERVERS(10)),
    Server = ketama:getserver(Continuum, "k"),
    Result = ketama_test:quietly(fun() -> code:load_file(ketama_nif) end),
    ?assertEqual({error, on_load_failure}, Result),
    ?assertEqual(Server, ketama:getserver(Continuum, "k")).

%% An upgrade within 0.2 reloads all modules except that one.
appup_names_all_modules_test() ->
    _ = application:load(ketama),
    {ok, Modules} = application:get_key(ketama, modules),
    {ok, [{_Version, Up, Down}]} = file:consult(filename:join([filename:dirname(?FILE), "..", "erlang", "ketama.appup"])),
    [
        ?assertEqual(
            lists:sort(Modules -- [ketama_nif]),
            lists:sort([element(2, Instruction) || Instruction <- Instructions])
        )
     || {<<"0\\.2\\..*">>, Instructions} <- Up ++ Down
    ],
    ?assertEqual(2, length([0 || {<<"0\\.2\\..*">>, _} <- Up ++ Down])).
